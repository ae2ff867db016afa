// Copies the files that TypeScript leaves behind, the scripts for hosts and the schema, beside the compiled code:
// `node assets.mjs provider bin`. provider/engine/asset.ts reads them there.
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error("usage: node assets.mjs FROM TO");
for (const path of readdirSync(from, { recursive: true, encoding: "utf8" })) {
  if (/\.(sh|pl)$|[/\\]schema\.json$/.test(path)) cpSync(join(from, path), join(to, path));
}
