/** The packed tarball in fresh projects: each package manager and language, and each Node for all languages. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { quiet, tryRun } from "../../lab/run.js";
import { type Language, languages, makeProjects, managers, nodes } from "../support/fresh-project.js";
import { npmInstall, packed, withVersion } from "../support/installed.js";
import { succeeded } from "../support/scene.js";
import { Stack } from "../support/stack.js";

describe("the package, previewed in a fresh project", () => {
  const folder = mkdtempSync(join(tmpdir(), "dockroute-pkfresh-"));
  let tarball: string;
  let nodeFolders: ReadonlyMap<number, readonly string[]>;

  before(async () => {
    tarball = await packed(folder);
    nodeFolders = await nodes(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function preview(project: string, { runtime }: Language, node: number): Promise<void> {
    const front = nodeFolders.get(node) ?? [];
    const { folders } = await ensurePulumi(quiet, runtime);
    const stack = await Stack.make("fresh", folder, [...front, ...folders], {}, project);
    const { stdout } = await tryRun(["node", "-p", "process.versions.node"], { env: stack.env });
    assert.equal(stdout.split(".")[0], String(node));
    const { text } = succeeded(await stack.preview());
    for (const name of ["alpha-bridge", "alpha-masquerade", "alpha-forward", "alpha-to-beta"]) {
      assert.match(text, new RegExp(`urn=\\S+::${name}\\]`), text);
    }
    assert.match(text, /alpha \(root@127\.0\.0\.1:9\): not reached: the connection was refused/, text);
    assert.match(text, /\+ 10 to create/, text);
  }

  it("has types that a strict compiler takes as a whole, in both module systems", async () => {
    const under = join(folder, "types");
    mkdirSync(under);
    await npmInstall(under, [tarball, ...["@pulumi/pulumi", "typescript"].map(withVersion)]);
    const text = languages.find(({ name }) => name === "TypeScript, tsx")?.text ?? "";
    const files = ["program.mts", "program.cts"];
    for (const file of files) writeFileSync(join(under, file), text);
    const strict = ["--noEmit", "--strict", "--module", "node16", "--target", "es2022", "--types", "node"];
    const { stdout } = await tryRun([join(under, "node_modules/.bin/tsc"), ...strict, ...files], {
      cwd: under,
    });
    // Without skipLibCheck: the faults of others' own declarations are not ours.
    assert.doesNotMatch(stdout, /^(node_modules\/dockroute|program|error)/m);
  });

  for (const manager of managers) {
    describe(`installed by ${manager.name}`, () => {
      let projects: ReadonlyMap<Language, string>;
      before(async () => {
        const under = join(folder, manager.name.replace(" ", "-"));
        projects = await makeProjects(under, manager, tarball);
      });
      const all = manager.name === "npm";
      for (const node of all ? [20, 22, 24] : [20]) {
        // A package manager may put packages in places of its own; both module systems look for them.
        for (const language of languages.filter(({ runtime }) => all || runtime === "nodejs")) {
          it(`${language.name}, Node ${node}`, () => preview(projects.get(language) ?? "", language, node));
        }
      }
    });
  }
});
