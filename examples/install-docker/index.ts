import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Mesh } from "dockroute";

const config = new pulumi.Config();

const hosts = [
  { name: "alpha", address: "192.168.145.128" },
  { name: "beta", address: "192.168.145.129" },
].map(({ name, address }) => {
  // One object for both packages.
  const connection = {
    host: address,
    user: "root",
    privateKey: config.requireSecret("privateKey"),
    hostKey: config.require(`hostKey-${name}`),
  };
  const docker = new remote.Command(`${name}-docker`, {
    connection,
    create: "command -v dockerd || { apt-get update && apt-get install -y docker.io; }",
  });
  return { name, address, connection, docker };
});

const mesh = new Mesh(
  "mesh",
  { pool: "172.30.0.0/16", hosts: hosts.map(({ docker: _, ...host }) => host) },
  { dependsOn: hosts.map(({ docker }) => docker) },
);

export const plan = mesh.plan;
