import assert from "node:assert/strict";
import { declaredHosts, linkedHosts } from "../../../provider/shells/cli/state.js";

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

describe("the linked hosts in a state", () => {
  const on = { host: "alpha", endpoint: "root@10.0.0.5:22", stack: "dockroute/test", __provider: "text" };
  const key = `${"A".repeat(43)}=`;
  const link = { device: "dr-wg", publicKey: key, endpoint: "203.0.113.9:51820" };
  const route = { ...on, peer: "gamma", destination: "172.30.2.0/24" };
  const forward = {
    ...{ ...on, destination: "172.30.0.0/24", sources: [] },
    links: { "dr-wg": ["172.30.2.0/24"] },
  };
  const stateOf = (typeOf: (kind: string) => string, way: object) => ({
    deployment: {
      resources: [
        { type: typeOf("PeerRoute"), inputs: { ...route, ...way } },
        { type: typeOf("ForwardRule"), inputs: forward },
      ],
    },
  });

  it("have the inputs of their resources, of a dynamic stack and of the plugin's", () => {
    for (const typeOf of [type, (kind: string) => `dockroute:index:${kind}`]) {
      const found = linkedHosts({
        deployment: {
          resources: [
            ...stateOf(typeOf, { link }).deployment.resources,
            {
              type: typeOf("HostLink"),
              inputs: { ...on, kind: "wireguard", address: "172.30.0.0/32", sources: [], publicKey: key },
            },
          ],
        },
      });
      const alpha = found.get("alpha");
      assert.deepEqual(
        alpha?.routes.map((each) => each.link),
        [link],
      );
      assert.equal(alpha?.link?.port, 51820);
      assert.deepEqual(alpha?.forward?.links, forward.links);
    }
  });

  it("are those with a routed way, too, and none where every way is direct", () => {
    const direct = { gateway: "10.0.0.6" };
    assert.equal(linkedHosts(stateOf(type, direct)).size, 0);
    assert.equal(linkedHosts(stateOf(type, { ...direct, routed: true })).size, 1);
  });
});
