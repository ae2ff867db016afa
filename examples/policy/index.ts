import { Mesh } from "dockroute";

const mesh = new Mesh(
  "mesh",
  {
    pool: "172.30.0.0/16",
    hosts: [
      { name: "alpha", address: "192.168.145.128" },
      { name: "beta", address: "192.168.145.129" },
    ],
  },
  // A bridge that goes takes Docker down with it for a moment: nobody is to destroy these by mistake.
  { protect: true },
);

export const plan = mesh.plan;
