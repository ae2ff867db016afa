import assert from "node:assert/strict";
import { plainSecrets } from "../../../stacks/secrets.js";
import type { Source } from "../../../stacks/source.js";

const command = (path: string) =>
  "is not a Pulumi secret, so this file and the state would hold it in the clear; " +
  `make it one: pulumi config set --secret --path '${path}'`;

function told(values: Readonly<Record<string, unknown>>, from: Partial<Source> = {}): Record<string, string> {
  const found = plainSecrets({ values: {}, secretKeys: [], ...from }, values);
  return Object.fromEntries(found.map(({ property, reason }) => [property, reason]));
}

const password = { password: "open-sesame" };

describe("a secret in the clear", () => {
  it("is refused wherever a connection can be, with the command that mends it", () => {
    const hop = { host: "bastion.example", privateKeyPassword: "open-sesame" };
    const values = {
      "dockroute:connection": { ...password, privateKey: "open-sesame", proxy: hop },
      "dockroute:hosts": [{ name: "alpha" }, { name: "beta", connection: { proxy: [hop] } }],
      "dockroute:leaving": [{ name: "delta", connection: password }],
    };
    const paths = [
      "dockroute:connection.password",
      "dockroute:connection.privateKey",
      "dockroute:connection.proxy.privateKeyPassword",
      "dockroute:hosts[1].connection.proxy[0].privateKeyPassword",
      "dockroute:leaving[0].connection.password",
    ];
    assert.deepEqual(told(values), Object.fromEntries(paths.map((path) => [path, command(path)])));
    assert.ok(!JSON.stringify(told(values)).includes("open-sesame"));
  });

  it("is none where the whole key is a secret", () => {
    const written = { "dockroute:connection": { secure: "v1:abc:def" } };
    assert.deepEqual(
      told({ "dockroute:connection": password }, { secretKeys: ["dockroute:connection"], written }),
      {},
    );
  });

  it("is refused beside a leaf that is a secret", () => {
    const value = { ...password, privateKey: "a key" };
    const written = { "dockroute:connection": { ...password, privateKey: { secure: "v1:abc:def" } } };
    assert.deepEqual(
      told({ "dockroute:connection": value }, { secretKeys: ["dockroute:connection"], written }),
      { "dockroute:connection.password": command("dockroute:connection.password") },
    );
  });

  it("is not seen in a file that another stack's values come from", () => {
    const written = { "dockroute:connection": { password: "of another file" } };
    assert.deepEqual(
      told({ "dockroute:connection": password }, { secretKeys: ["dockroute:connection"], written }),
      {},
    );
  });
});
