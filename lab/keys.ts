import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { foldersOf } from "./disk.js";
import { run } from "./run.js";
import { type LabState, writeWhole } from "./state.js";

/** The client's key of one lab. */
export async function makeKeys(lab: LabState): Promise<void> {
  mkdirSync(lab.folder, { recursive: true, mode: 0o700 });
  const file = join(lab.folder, "id_ed25519");
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", `lab ${lab.prefix}`, "-f", file]);
}

/** known_hosts of all hosts, and an ssh configuration for a person: `ssh -F FOLDER/ssh_config alpha`. */
export function writeClientFiles(lab: LabState): void {
  const keyOf = (root: string, type: string): string =>
    readFileSync(join(root, `etc/ssh/ssh_host_${type}_key.pub`), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
  const known = lab.hosts.flatMap((host) =>
    ["ed25519", "ecdsa"].map((type) => `${host.address} ${keyOf(foldersOf(lab, host).root, type)}\n`),
  );
  writeWhole(join(lab.folder, "known_hosts"), known.join(""), 0o600);
  const config = lab.hosts.map((host) => `Host ${host.name}\n  HostName ${host.address}\n`);
  const common = [
    "Host *",
    "User root",
    `IdentityFile ${join(lab.folder, "id_ed25519")}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${join(lab.folder, "known_hosts")}`,
  ];
  writeWhole(join(lab.folder, "ssh_config"), `${config.join("")}${common.join("\n  ")}\n`, 0o600);
}
