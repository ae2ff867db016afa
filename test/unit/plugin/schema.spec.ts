/** The schema of which every other language gets its types. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Docs, type Documented } from "../../../packaging/docs.js";
import { Schema, schemaText } from "../../../packaging/schema.js";
import { kinds } from "../../../provider/shells/lifecycle/kinds.js";

const root = join(__dirname, "../../..");
const file = join(root, "provider/shells/plugin/schema.json");
const shape = z.object({
  version: z.string(),
  resources: z.record(
    z.string(),
    z.object({
      inputProperties: z.record(
        z.string(),
        z.looseObject({ description: z.string(), secret: z.boolean().optional() }),
      ),
      requiredInputs: z.array(z.string()),
      properties: z.record(z.string(), z.looseObject({ secret: z.boolean().optional() })),
    }),
  ),
});

describe("the plugin's schema", function () {
  this.timeout(120_000);
  const text = readFileSync(file, "utf8");
  const schema = shape.parse(JSON.parse(text));
  let docs: Docs;

  before(() => {
    docs = new Docs(root, ["provider/index.ts", "provider/shells/plugin/config.ts"]);
  });

  it("is up to date: else run `npm run schema`", () => {
    assert.equal(schemaText(docs), text);
  });

  it("is of the package's version", () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
    assert.equal(schema.version, version);
  });

  it("has a token for every kind, and none that is not in the table", () => {
    assert.deepEqual(
      Object.keys(schema.resources),
      Object.keys(kinds).map((name) => `dockroute:index:${name}`),
    );
  });

  it("needs no endpoint, which follows from the connection or from the config", () => {
    for (const [token, { requiredInputs }] of Object.entries(schema.resources)) {
      assert.ok(!requiredInputs.includes("endpoint"), token);
    }
  });

  it("has connections, and what the first change found, as secrets", () => {
    for (const { inputProperties, properties } of Object.values(schema.resources)) {
      for (const name of ["connection", "connections"]) {
        if (inputProperties[name] !== undefined) assert.equal(inputProperties[name].secret, true);
      }
      if (properties["before"] !== undefined) assert.equal(properties["before"].secret, true);
    }
  });

  it("does not come about with an input that nobody describes", () => {
    const form = z.object({ gateway: z.string(), anew: z.string() });
    const described = (name: string): ReadonlyMap<string, Documented> => docs.properties(name);
    const without = new Schema({ about: () => "A resource.", has: () => true, properties: described });
    assert.throws(
      () => without.inputs(form, "PeerRouteArgs"),
      /^Error: PeerRouteArgs\.anew has no description$/,
    );
  });
});
