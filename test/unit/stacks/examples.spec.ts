import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { readConfig } from "../../../stacks/config.js";
import { field } from "../../../stacks/source.js";

const examples = join(__dirname, "../../../examples");

/** The file's config as the engine hands it to the program. */
function valuesOf(file: string): Record<string, string> {
  const config: unknown = field(parse(readFileSync(join(examples, file), "utf8")), "config");
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(config ?? {}).map(([key, value]) => [key, text(value)]));
}

describe("every example", () => {
  for (const file of readdirSync(examples).filter((name) => /^Pulumi\..+\.yaml$/.test(name))) {
    it(`${file} is a config that can be planned`, () => {
      const { plan, hosts } = readConfig({ values: valuesOf(file), secretKeys: [] });
      assert.deepEqual(Object.keys(plan).sort(), hosts.map(({ name }) => name).sort());
    });
  }
});
