import assert from "node:assert/strict";
import { declaredHosts } from "../../../provider/shells/cli/state.js";

const type = (kind: string) => `pulumi-nodejs:dynamic/dockroute:${kind}`;
const hidden = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

describe("the hosts in a state", () => {
  it("are read from their bridges, with the secrets in their connections", () => {
    const alpha = { host: "alpha", endpoint: "ops@a.example:22" };
    const beta = { host: "beta", endpoint: "root@10.0.0.2:22" };
    const connection = { host: "a.example", user: "ops", privateKey: hidden("PEM") };
    const found = declaredHosts({
      deployment: {
        resources: [
          { type: "pulumi:pulumi:Stack" },
          { type: type("DockerBridge"), inputs: { ...alpha, connection } },
          { type: type("DockerBridge"), inputs: { ...beta, connection: hidden({ port: 2222 }) } },
          { type: type("MasqueradeRule"), inputs: { ...alpha, interfaces: ["eth1"] } },
          { type: type("MasqueradeRule"), inputs: beta },
        ],
      },
    });
    assert.deepEqual(Object.fromEntries(found), {
      alpha: {
        endpoint: alpha.endpoint,
        connection: { host: "a.example", user: "ops", privateKey: "PEM" },
        interface: "eth1",
      },
      beta: { endpoint: beta.endpoint, connection: { port: 2222 }, interface: undefined },
    });
  });

  it("are none in a stack without resources", () => {
    assert.equal(declaredHosts({ deployment: {} }).size, 0);
  });
});
