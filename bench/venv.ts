/** The two other tools, from PyPI, in a virtual environment of their own. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Log, run, step, tryRun } from "../lab/run.js";

const wanted = join(__dirname, "requirements.txt");

/** Gives the folder of its programs. */
export async function ensureVenv(folder: string, log: Log): Promise<string> {
  const stamp = join(folder, "requirements.txt");
  const text = readFileSync(wanted, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === text) return join(folder, "bin");
  await step(log, "ansible-core and pyinfra installed from PyPI", async () => {
    rmSync(folder, { recursive: true, force: true });
    if ((await tryRun(["python3", "-m", "venv", folder])).code !== 0) {
      // Debian's python3 comes without what makes one.
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      await run(["apt-get", "-qy", "install", "--no-install-recommends", "python3-venv"], { env });
      await run(["python3", "-m", "venv", "--clear", folder]);
    }
    await run([join(folder, "bin", "pip"), "install", "--quiet", "-r", wanted]);
    writeFileSync(stamp, text);
  });
  return join(folder, "bin");
}

/** "ansible-core 2.19.14, pyinfra 3.10.0, Python 3.11.7" */
export async function versions(bin: string): Promise<string> {
  const python = (await run([join(bin, "python3"), "--version"])).trim();
  const packages = readFileSync(wanted, "utf8").trim().replaceAll("==", " ").split("\n");
  return [...packages, python].join(", ");
}
