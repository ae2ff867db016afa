/**
 * Which room of the house may import what: the table of docs/architecture.md, held against every import of
 * provider/ and stacks/. The linter holds the packages; that a path is relative hides its folder from it.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

const root = join(__dirname, "../..");

/** By room: a file or a folder of provider/, and what may be imported from outside of it. Later rows are narrower. */
const table: Readonly<Record<string, readonly string[]>> = {
  "provider/": [],
  "provider/plan/": ["ip-num"],
  "provider/tools/": ["provider/command", "zod", "jsonc-parser"],
  "provider/resources/": [
    ...["provider/tools/", "provider/plan/", "provider/kind", "provider/errors", "provider/command"],
    "zod",
  ],
  "provider/host/": [
    ...["provider/command", "provider/errors", "provider/printable", "ssh2", "ssh-config", "zod", "node:"],
  ],
  "provider/pulumi/": [
    ...["@pulumi/pulumi", "zod", "provider/host/alias", "provider/resources/", "provider/plan/"],
  ],
  "provider/errors": ["provider/printable"],
  "provider/printable": [],
  "provider/command": [],
  "provider/props": [],
  "provider/kind": ["provider/command", "provider/errors"],
  "provider/turns": ["provider/errors"],
  "provider/converge": [
    ...["provider/kind", "provider/command", "provider/errors", "provider/turns", "provider/host/host"],
    "node:timers/promises",
  ],
  // The provider's top floor, which puts the rooms together.
  "provider/session": [
    ...[
      "provider/host/",
      "provider/lint",
      "provider/tools/machine",
      "provider/turns",
      "provider/kind",
      "provider/command",
    ],
    ...["provider/errors", "provider/printable", "zod"],
  ],
  "provider/lifecycle": [
    ...["provider/printable", "provider/props"],
    ...["provider/command", "provider/host/host"],
    ...["provider/converge", "provider/session", "provider/survey", "provider/kind", "provider/errors"],
    "node:util",
  ],
  "provider/lint": ["provider/host/", "provider/resources/", "provider/tools/"],
  // A check as a resource: the commands' eyes, the engine's calls.
  "provider/mesh-check": [
    ...[
      "provider/cli/check",
      "provider/cli/member",
      "provider/lifecycle",
      "provider/props",
      "provider/session",
      "zod",
      "node:util",
    ],
  ],
  "provider/survey": [
    ...["provider/command", "provider/converge", "provider/kind", "provider/printable", "provider/host/host"],
    "node:util",
  ],
  // The commands of `npx dockroute`: a second top floor, with the program's words and no Output.
  "provider/cli/": [
    ...["provider/host/", "provider/resources/", "provider/plan/", "provider/tools/", "provider/survey"],
    ...["provider/command", "provider/errors", "provider/kind", "provider/printable", "zod", "yaml", "node:"],
  ],
  "provider/handlers": [
    ...["provider/lifecycle", "provider/mesh-check", "provider/session", "provider/resources/"],
    ...["provider/engine", "provider/lint"],
  ],
  "provider/engine": ["node:fs"],
  "provider/index": ["provider/plan/", "provider/pulumi/"],
  "stacks/": ["provider/", "@pulumi/pulumi", "zod", "node:", "yaml"],
};

/** What the file `path` with this text imports that its room may not, types included. */
function breaches(path: string, text: string): readonly string[] {
  const room = Object.keys(table)
    .filter((name) => (name.endsWith("/") ? path.startsWith(name) : path === `${name}.ts`))
    .at(-1);
  if (room === undefined) return [`${path} is in no room`];
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return importedFiles
    .map(({ fileName }) =>
      fileName.startsWith(".") ? normalize(join(dirname(path), fileName)).replace(/\.js$/, "") : fileName,
    )
    .filter((name) => !(room.endsWith("/") && room !== "provider/" && name.startsWith(room)))
    .filter(
      (name) =>
        !(table[room] ?? []).some((may) => may === name || (/[/:]$/.test(may) && name.startsWith(may))),
    )
    .map((name) => `${path} imports ${name}`);
}

const files = ["provider", "stacks"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`),
);

describe("the house", () => {
  it("has every import in a room that may have it", () => {
    assert.deepEqual(
      files.flatMap((path) => breaches(path, readFileSync(join(root, path), "utf8"))),
      [],
    );
  });

  it("needs every package that it asks for", () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      dependencies: object;
    };
    const imported = files.flatMap((path) =>
      ts
        .preProcessFile(readFileSync(join(root, path), "utf8"), true, true)
        .importedFiles.map(({ fileName }) => fileName),
    );
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !imported.includes(name)),
      [],
    );
  });

  const wrong = [
    ["provider/plan/mesh.ts", 'import type { Command } from "../command.js";', "provider/command"],
    ["provider/tools/ip.ts", 'import { parseRange } from "../plan/cidr.js";', "provider/plan/cidr"],
    ["provider/resources/x.ts", 'import { Hosts } from "../host/hosts.js";', "provider/host/hosts"],
    ["provider/converge.ts", 'export * from "./host/ssh.js";', "provider/host/ssh"],
    ["provider/host/ssh.ts", 'import * as pulumi from "@pulumi/pulumi";', "@pulumi/pulumi"],
    ["provider/tools/nft.ts", 'const ssh = await import("ssh2");', "ssh2"],
    ["provider/anew.ts", 'import "node:fs";', "node:fs"],
  ] as const;
  for (const [path, text, name] of wrong) {
    it(`sees that ${path} may not import ${name}`, () => {
      assert.deepEqual(breaches(path, text), [`${path} imports ${name}`]);
    });
  }
});
