/**
 * Pulumi's schema of the package, of which every language gets its SDK: types from the forms that read the inputs,
 * descriptions from the docs of the public face. `npm run schema` writes it; a test holds that it is up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { connectionForm, credentialFields } from "../provider/host/login/connection.js";
import { kinds, type Offered } from "../provider/shells/lifecycle/kinds.js";
import { configForm } from "../provider/shells/plugin/config.js";
import { Docs, type Documented } from "./docs.js";

export const root = join(__dirname, "..");
const file = join(root, "provider/shells/plugin/schema.json");

/** The words of JSON Schema that the schema is made of. */
const node = z.looseObject({
  type: z.enum(["string", "number", "integer", "boolean", "array", "object"]).optional(),
  $ref: z.string().optional(),
  get items() {
    return node.optional();
  },
  get properties() {
    return z.record(z.string(), node).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), node]).optional();
  },
  required: z.array(z.string()).default([]),
});
type Node = z.output<typeof node>;

type Json = Readonly<Record<string, unknown>>;

const anything = { $ref: "pulumi.json#/Any" };

/** The schema, made from forms and docs. */
export class Schema {
  readonly #types: Record<string, Json> = {};

  constructor(private readonly docs: Pick<Docs, "about" | "has" | "properties">) {}

  /** @param at where it stands, for the message about what is missing */
  #typeOf(of: Node, defs: Readonly<Record<string, Node>>, at: string): Json {
    if (of.$ref !== undefined) {
      const name = of.$ref.replace("#/$defs/", "");
      const target = defs[name];
      if (target === undefined) throw new Error(`${at}: ${of.$ref} is nowhere`);
      return this.#object(name, target, defs);
    }
    if (of.type === "array")
      return { type: "array", items: this.#typeOf(of.items ?? node.parse({}), defs, at) };
    if (of.type === "object" && typeof of.additionalProperties === "object") {
      return { type: "object", additionalProperties: this.#typeOf(of.additionalProperties, defs, at) };
    }
    if (of.type === "object") throw new Error(`${at}: an object needs a name: .meta({ id: "..." })`);
    return of.type === undefined ? anything : { type: of.type };
  }

  /** A type of its own, under the name that its form has. */
  #object(name: string, of: Node, defs: Readonly<Record<string, Node>>): Json {
    const token = `dockroute:index:${name}`;
    const docs = this.docs.properties(this.docs.has(`${name}Args`) ? `${name}Args` : name);
    this.#types[token] ??= {
      type: "object",
      description: this.docs.about(this.docs.has(`${name}Args`) ? `${name}Args` : name),
      properties: this.#properties(of, defs, docs, name),
      required: [...of.required].sort(),
    };
    return { $ref: `#/types/${token}` };
  }

  #properties(
    { properties = {} }: Node,
    defs: Readonly<Record<string, Node>>,
    docs: ReadonlyMap<string, Documented>,
    at: string,
  ): Record<string, Json> {
    return Object.fromEntries(
      Object.entries(properties).map(([name, each]) => {
        const path = `${at}.${name}`;
        const secret = credentialFields.some((field) => field === name) ? { secret: true } : {};
        return [name, { ...this.#typeOf(each, defs, path), description: said(docs, name, path), ...secret }];
      }),
    );
  }

  inputs(form: z.ZodType, args: string): { properties: Record<string, Json>; required: readonly string[] } {
    const { $defs = {}, ...whole } = z.toJSONSchema(form, { io: "input", unrepresentable: "any" });
    const read = node.parse(whole);
    const defs = Object.fromEntries(Object.entries($defs).map(([name, each]) => [name, node.parse(each)]));
    return {
      properties: this.#properties(read, defs, this.docs.properties(args), args),
      required: read.required,
    };
  }

  resource(name: string, { form, replacing }: Offered): Json {
    const { properties, required } = this.inputs(form, `${name}Args`);
    const isOnHost = "endpoint" in properties;
    const more = isOnHost
      ? this.inputs(z.object({ connection: connectionForm.optional() }), `${name}Args`)
      : undefined;
    if (properties["connections"] !== undefined) {
      const connection = this.inputs(
        z.object({ connections: z.record(z.string(), connectionForm) }),
        `${name}Args`,
      );
      Object.assign(properties, connection.properties);
    }
    const all: Record<string, Json> = Object.fromEntries(
      Object.entries({ ...properties, ...more?.properties }).map(([input, spec]) => [
        input,
        {
          ...spec,
          ...(input.startsWith("connection") ? { secret: true } : {}),
        },
      ]),
    );
    const needed = required.filter((input) => input !== "endpoint");
    return {
      description: this.docs.about(name),
      inputProperties: Object.fromEntries(
        Object.entries(all).map(([input, spec]) => [
          input,
          replacing.includes(input) ? { ...spec, willReplaceOnChanges: true } : spec,
        ]),
      ),
      requiredInputs: needed,
      properties: { ...all, ...this.#outputs(name, Object.keys(all)) },
      required,
      // A stack of dynamic resources becomes one of these without a change on a host.
      aliases: [{ type: `pulumi-nodejs:dynamic/dockroute:${name}` }],
    };
  }

  /** The properties that are no inputs. */
  #outputs(name: string, inputs: readonly string[]): Json {
    const docs = [...this.docs.properties(name)].filter(
      ([output, { type }]) =>
        type.startsWith("Output") && !inputs.includes(output) && !["id", "urn"].includes(output),
    );
    return Object.fromEntries(
      docs.map(([output, { type }]) => [
        output,
        {
          ...outputType(type),
          description: said(this.docs.properties(name), output, `${name}.${output}`),
          ...(output === "before" ? { secret: true } : {}),
        },
      ]),
    );
  }

  whole(): Json {
    const { version, license, description } = packageFile.parse(
      JSON.parse(readFileSync(join(root, "package.json"), "utf8")),
    );
    const resources = Object.entries(kinds).map(([name, kind]) => [
      `dockroute:index:${name}`,
      this.resource(name, kind),
    ]);
    const config = this.inputs(configForm, "PluginConfig");
    const secretConfig = Object.fromEntries(
      Object.entries(config.properties).map(([name, spec]) => [
        name,
        ["connection", "hosts", "leaving"].includes(name) ? { ...spec, secret: true } : spec,
      ]),
    );
    return {
      ...{ name: "dockroute", displayName: "dockroute", version, description, license },
      keywords: ["pulumi", "category/network", "docker", "kind/native"],
      language: { nodejs: { respectSchemaVersion: true }, python: { respectSchemaVersion: true } },
      config: { variables: secretConfig },
      provider: { description: this.docs.about("PluginConfig"), inputProperties: secretConfig },
      resources: Object.fromEntries(resources),
      types: this.#types,
    };
  }
}

const packageFile = z.object({ version: z.string(), license: z.string(), description: z.string() });

function said(docs: ReadonlyMap<string, Documented>, name: string, path: string): string {
  const about = docs.get(name)?.about ?? "";
  if (about === "") throw new Error(`${path} has no description`);
  return about;
}

function outputType(type: string): Json {
  const inner = /^Output(?:Instance)?<(.*)>$/.exec(type)?.[1]?.replace(" | undefined", "") ?? "";
  if (/^readonly string\[\]$/.test(inner)) return { type: "array", items: { type: "string" } };
  return ["string", "number", "boolean"].includes(inner) ? { type: inner } : anything;
}

/** The schema as text. Throws where an input has no description. */
export function schemaText(
  docs = new Docs(root, ["provider/index.ts", "provider/shells/plugin/config.ts"]),
): string {
  return `${JSON.stringify(new Schema(docs).whole(), null, 2)}\n`;
}

if (require.main === module) writeFileSync(file, schemaText());
