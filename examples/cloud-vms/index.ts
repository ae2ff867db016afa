import { Mesh } from "dockroute";
import { Instance } from "./cloud";

const instances = ["node-1", "node-2"].map((name) => ({ name, instance: new Instance(name) }));

const mesh = new Mesh("mesh", {
  pool: "172.30.0.0/16",
  hosts: instances.map(({ name, instance }) => ({
    name,
    address: instance.privateIp, // what the peers route to
    connection: {
      host: instance.publicIp, // where ssh gets in
      user: "root",
      privateKeyFile: "~/.ssh/id_ed25519",
      hostKey: instance.hostKey, // checked, as always
    },
  })),
});

export const plan = mesh.plan;
