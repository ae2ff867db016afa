/** What a script gives to iptables-restore: the script itself runs, with stand-ins for the programs that it starts. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where the stand-ins find their input, and leave what they were given. */
export class StandIns {
  readonly folder = mkdtempSync(join(tmpdir(), "dockroute-load-"));

  /** A shell script of this name; $folder is the folder of the stand-ins. */
  stand(name: string, text: string): void {
    const path = join(this.folder, name);
    writeFileSync(path, `#!/bin/sh\nfolder=${this.folder}\n${text}\n`);
    chmodSync(path, 0o755);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** The lines of a file, without empty ones. [] if there is none. */
  lines(name: string): readonly string[] {
    const path = join(this.folder, name);
    if (!existsSync(path)) return [];
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  }

  run(script: string) {
    const env = { ...process.env, PATH: `${this.folder}:${process.env["PATH"]}` };
    return spawnSync("/bin/sh", [], { input: script, env, encoding: "utf8" });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The lines that iptables-restore gets from a script where iptables-save prints these. */
export function restoredBy(script: string, saved: readonly string[]): readonly string[] {
  const standIns = new StandIns();
  try {
    standIns.write("saved", [...saved, ""].join("\n"));
    standIns.stand("iptables-save", "cat $folder/saved");
    standIns.stand("iptables-restore", "cat >>$folder/restored");
    for (const name of ["nft", "systemctl", "sysctl", "ip"]) standIns.stand(name, "");
    standIns.run(script);
    return standIns.lines("restored");
  } finally {
    standIns.remove();
  }
}
