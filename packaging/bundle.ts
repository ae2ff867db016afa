/**
 * The plugin as one archive for `pulumi plugin install resource dockroute vX.Y.Z --file ARCHIVE`: the program with all
 * that it needs but Node, the scripts for hosts, and the licences of what is in it. `npm run bundle [FOLDER]`.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { z } from "zod";
import { run } from "../lab/run.js";

const root = join(__dirname, "..");
const launcher = "pulumi-resource-dockroute";
const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  license: z.string().default("not named"),
});

/** Makes the archive in `to`, and returns its path. */
export async function bundle(to: string): Promise<string> {
  const { version } = manifest.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const folder = join(to, "plugin");
  rmSync(folder, { recursive: true, force: true });
  const program = join(folder, "bin/shells/plugin/main.js");
  mkdirSync(dirname(program), { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(root, "provider/shells/plugin/main.ts")],
    outfile: program,
    ...{ bundle: true, platform: "node", target: "node20", format: "cjs", minify: true, metafile: true },
    // Their other builds need files that a bundle does not have.
    mainFields: ["module", "main"],
    // Native parts, without which ssh2 works as well.
    external: ["cpu-features", "*.node"],
    logLevel: "error",
  });
  // A bundle is one file, so what it reads lies one folder above that file.
  await run([process.execPath, join(root, "assets.mjs"), join(root, "provider"), join(folder, "bin/shells")]);
  copyFileSync(join(root, launcher), join(folder, launcher));
  chmodSync(join(folder, launcher), 0o755);
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  writeFileSync(join(folder, "LICENSES.txt"), licences(Object.keys(metafile.inputs)));
  const archive = join(to, `${launcher}-v${version}.tar.gz`);
  await run(["tar", "-czf", archive, "-C", folder, "."]);
  return archive;
}

/** The licence of each package of which a file is in the bundle. @param files below the working folder */
function licences(files: readonly string[]): string {
  const folders = new Set(
    files.flatMap((file) => {
      const path = relative(root, join(process.cwd(), file));
      const own = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
      return own === undefined ? [] : [own];
    }),
  );
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = manifest.parse(
      JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")),
    );
    const file = readdirSync(join(root, folder)).find((each) => /^(licen[cs]e|copying)/i.test(each));
    const text = file === undefined ? "" : `\n\n${readFileSync(join(root, folder, file), "utf8").trim()}`;
    return `${name} ${version}: ${license}${text}\n`;
  });
  return texts.join("\n----------------------------------------\n\n");
}

if (require.main === module) {
  const to = process.argv[2] ?? join(root, "bin-bundle");
  if (!existsSync(to)) mkdirSync(to, { recursive: true });
  bundle(to).then((archive) => console.log(archive));
}
