/** The examples of the docs: they compile against the package's face, declare what their text has, and no kind refuses it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import ts from "typescript";
import * as dockroute from "../../../provider/index.js";
import { dockerBridge } from "../../../provider/resources/bridge/index.js";
import { forwardRule } from "../../../provider/resources/forward/index.js";
import { lanNetwork } from "../../../provider/resources/lan/index.js";
import { hostLink } from "../../../provider/resources/link/index.js";
import { masqueradeRule } from "../../../provider/resources/masquerade/index.js";
import { peerRoute } from "../../../provider/resources/route/index.js";
import { peerRoutes } from "../../../provider/resources/routes/index.js";
import { root } from "../../support/stack.js";

const folder = join(root, "docs/resources");
const pages = readdirSync(folder).filter((name) => name !== "README.md");
const kinds = {
  DockerBridge: dockerBridge,
  ForwardRule: forwardRule,
  HostLink: hostLink,
  LanNetwork: lanNetwork,
  MasqueradeRule: masqueradeRule,
  PeerRoute: peerRoute,
  PeerRoutes: peerRoutes,
};

/** A Mesh declares PeerRoutes and HostLink only where it is asked to, and no LanNetwork. */
const ofMesh = ["DockerBridge", "ForwardRule", "MasqueradeRule", "PeerRoute"];

const read = (page: string): string => readFileSync(join(folder, page), "utf8");
const nameOf = (page: string): string => /^# (\w+)/.exec(read(page))?.[1] ?? "";

function exampleOf(page: string): string {
  const code = /```ts\n([\s\S]*?)```/.exec(read(page))?.[1];
  assert.ok(code !== undefined, `${page} has no example`);
  return code;
}

/** The compiler's errors in these texts, as if each lay in examples/. */
function faultsOf(texts: ReadonlyMap<string, string>): readonly string[] {
  const settings = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config as object;
  const { options } = ts.parseJsonConfigFileContent({ ...settings, include: [], files: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`),
  );
}

interface Made {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The resources that the program declares. */
async function run(code: string): Promise<readonly Made[]> {
  const made: Made[] = [];
  const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
    made.push({ type: type.split(":").at(-1) ?? type, inputs });
    return { id: name, state: inputs };
  };
  await pulumi.runtime.setMocks({ call: () => ({}), newResource }, "docs", "test", false, "organization");
  const { outputText } = ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  const from = createRequire(__filename);
  const find = (name: string): unknown => (name === "dockroute" ? dockroute : from(name));
  await pulumi.runtime.runInPulumiStack(async () => {
    new Function("require", "exports", outputText)(find, {});
  });
  await pulumi.runtime.disconnect();
  return made;
}

/** By input, the first word of the table's last column. */
function tableOf(page: string): Readonly<Record<string, string>> {
  const rows = read(page).matchAll(/^\| `(\w+)` .*\| (update|replace)\b[^|]*\|$/gm);
  return Object.fromEntries([...rows].map(([, name, change]) => [name, change]));
}

describe("the pages of the resources", function () {
  this.timeout(120_000);

  it("have one for each, in the index too", () => {
    assert.deepEqual(pages.map(nameOf).sort(), [...Object.keys(kinds), "Mesh"].sort());
    for (const page of pages) assert.ok(read("README.md").includes(`[${nameOf(page)}](${page})`), page);
  });

  it("have examples that compile", () => {
    const texts = new Map(pages.map((page) => [join(root, "examples", `${page}.ts`), exampleOf(page)]));
    assert.deepEqual(faultsOf(texts), []);
  });

  for (const page of pages) {
    it(`${nameOf(page)}: no kind refuses the resources of the example`, async () => {
      const made = (await run(exampleOf(page))).filter(({ type }) => type in kinds);
      const wanted = nameOf(page) === "Mesh" ? ofMesh : [nameOf(page)];
      assert.deepEqual([...new Set(made.map(({ type }) => type))].sort(), wanted.sort());
      for (const { type, inputs } of made) {
        const { __provider, stack: _, ...wish } = inputs;
        const checked = kinds[type as keyof typeof kinds].check(wish);
        assert.ok("inputs" in checked, JSON.stringify(checked));
      }
    });
  }

  for (const [name, kind] of Object.entries(kinds)) {
    it(`${name}: the table has each input, and the effect of a new value`, () => {
      const page = pages.find((each) => nameOf(each) === name) ?? "";
      assert.deepEqual(tableOf(page), kind.changes);
    });
  }
});
