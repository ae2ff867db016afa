import { Lab } from "../lab/lab.js";
import { startBox } from "../lab/probe.js";
import { ensurePulumi } from "../lab/pulumi-cli.js";
import { loud } from "../lab/run.js";
import { compare } from "./compare.js";
import { makePacked } from "./project.js";
import { ensureVenv } from "./venv.js";

async function main() {
  const lab = Lab.load("sdp");
  const python = await ensureVenv("/root/wt/side/.bench/venv", loud);
  const { folders } = await ensurePulumi(loud);
  for (const h of lab.hosts) if ((await h.exec("docker inspect box")).code !== 0) await startBox(h);
  const project = await makePacked("/root/wt/side/.bench/packed");
  for (const tool of (process.argv[2] ?? "").split(",")) {
    const r = await compare({
      lab,
      folder: "/root/wt/side/.bench/compare",
      tool: tool as "ansible",
      hosts: 3,
      delay: Number(process.argv[3] ?? 0),
      runs: 2,
      tell: loud,
      programs: { pulumi: folders, python, project },
    });
    console.log(JSON.stringify(r, null, 1));
  }
}
main().catch((e) => {
  console.error(e);
  process.exitCode = 1;
});
