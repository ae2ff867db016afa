/** The docs on themselves and on the code: links lead somewhere, quoted messages are the code's own. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../../support/stack.js";

const markdown = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...under("docs", ".md"),
  ...under("examples", ".md"),
];

function under(folder: string, end: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(end) && !name.includes("node_modules"))
    .map((name) => join(folder, name));
}

/** As GitHub makes them, and those that a table's rows have. */
function anchorsOf(path: string): readonly string[] {
  const text = readFileSync(join(root, path), "utf8");
  const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  return [...titles, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id)];
}

function brokenLinks(path: string): readonly string[] {
  const text = readFileSync(join(root, path), "utf8").replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, "");
  return [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]*))?\)/g)].flatMap(
    ([, to = "", anchor]) => {
      const target = to === "" ? path : join(dirname(path), to);
      if (!existsSync(join(root, target))) return [`${path} -> ${target}`];
      if (anchor === undefined || !target.endsWith(".md")) return [];
      return anchorsOf(target).includes(anchor) ? [] : [`${path} -> ${target}#${anchor}`];
    },
  );
}

/** All texts of the code, with strings that are written in pieces put together. */
function saidByCode(): string {
  const files = [".ts", ".sh"].flatMap((ending) => [
    ...under("provider", ending),
    ...under("stacks", ending),
  ]);
  const all = files.map((name) => readFileSync(join(root, name), "utf8")).join("\n");
  return all.replaceAll(/["`]\s*\+\s*["`]/g, "").replaceAll("\\`", "`");
}

describe("the docs", () => {
  it("have no marks of a merge that was not finished", () => {
    const marks = /^(?:<{7}|>{7}) /m;
    assert.deepEqual(
      markdown.filter((path) => marks.test(readFileSync(join(root, path), "utf8"))),
      [],
    );
  });

  it("have links that lead somewhere", () => {
    assert.deepEqual(markdown.flatMap(brokenLinks), []);
  });

  it("quote messages as the code has them", () => {
    const page = readFileSync(join(root, "docs/when-it-does-not-work.md"), "utf8");
    const firstCells = [...page.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell = ""]) => cell);
    const quoted = firstCells
      .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text))
      .filter((text) => !text.startsWith("npx ") && !text.startsWith("Cannot find module"));
    const said = saidByCode();
    // The dots stand for words that differ; a word alone is in every code.
    const pieces = quoted
      .flatMap((text) => text.split("…").map((piece) => piece.trim()))
      .filter((piece) => /\w \w/.test(piece));
    assert.ok(pieces.length > 30, `${pieces.length} pieces`);
    assert.deepEqual(
      pieces.filter((piece) => !said.includes(piece)),
      [],
    );
  });
});
