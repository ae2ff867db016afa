import { Mesh } from "dockroute";

const mesh = new Mesh("mesh", {
  pool: "172.30.0.0/16",
  hosts: [
    { name: "alpha", address: "192.168.145.128" },
    { name: "beta", address: "192.168.145.129" },
  ],
});

// Under this name: the next run reads it, and moves no host.
export const plan = mesh.plan;
