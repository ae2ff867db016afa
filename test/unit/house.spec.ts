/**
 * The imports that each room of the house may have: the table of docs/architecture.md, held against every import of
 * provider/ and stacks/. The linter holds the packages; it does not see the folder of a relative path.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

const root = join(__dirname, "../..");

/** Each room's allowed imports: the table of docs/architecture.md. A later row is narrower than an earlier one. */
const table = roomsOf(readFileSync(join(root, "docs/architecture.md"), "utf8"));

/** Reads the rows whose second cell names rooms and whose third names the imports that they may have. */
function roomsOf(page: string): Readonly<Record<string, readonly string[]>> {
  const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, name]) => name ?? []);
  const rows = page.split("\n").flatMap((line) => {
    const [, about, rooms, may] = line.split("|");
    if (about === undefined || rooms === undefined || may === undefined) return [];
    return quoted(rooms).map((room) => [inTree(room), quoted(may).map(inTree)] as const);
  });
  return Object.fromEntries(rows);
}

/** The page leaves out `provider/`, which every room but `stacks/` is in. */
function inTree(name: string): string {
  return /^(plan|facts|boot|engine|resources|lint|check|host|shells|index)\b/.test(name)
    ? `provider/${name}`
    : name;
}

/** Imports of the file `path` with this text that its room may not have, types included. */
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
    .filter((name) => !(room.endsWith("/") && name.startsWith(room)))
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

  it("has a row in the table for every room", () => {
    assert.deepEqual(breaches("provider/anew.ts", ""), ["provider/anew.ts is in no room"]);
    assert.ok(Object.keys(table).length >= 11);
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
      Object.keys(dependencies).filter(
        (name) => !imported.some((each) => each === name || each.startsWith(`${name}/`)),
      ),
      [],
    );
  });

  const wrong = [
    [
      "provider/plan/mesh.ts",
      'import type { Command } from "../engine/command.js";',
      "provider/engine/command",
    ],
    [
      "provider/facts/nft.ts",
      'import { converge } from "../engine/converge.js";',
      "provider/engine/converge",
    ],
    ["provider/resources/x.ts", 'import { Hosts } from "../host/hosts.js";', "provider/host/hosts"],
    ["provider/engine/converge.ts", 'export * from "../host/login/pool.js";', "provider/host/login/pool"],
    ["provider/host/login/pool.ts", 'import * as pulumi from "@pulumi/pulumi";', "@pulumi/pulumi"],
    ["provider/facts/nft.ts", 'const ssh = await import("ssh2");', "ssh2"],
    [
      "provider/check/check.ts",
      'import { table } from "../shells/cli/table.js";',
      "provider/shells/cli/table",
    ],
  ] as const;
  for (const [path, text, name] of wrong) {
    it(`sees that ${path} may not import ${name}`, () => {
      assert.deepEqual(breaches(path, text), [`${path} imports ${name}`]);
    });
  }
});
