import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A real sshd on loopback, with keys and files of its own: nothing of the machine's ssh is used. */
export interface Sshd {
  readonly port: number;
  readonly user: string;
  readonly directory: string;
  /** The private key that it lets in. */
  readonly clientKey: string;
  readonly knownHosts: string;
  /** Public host key line by type, without a name: "ssh-ed25519 AAAA...". */
  hostKey(type: "ed25519" | "rsa"): string;
  log(): string;
  stop(): void;
}

const binary = "/usr/sbin/sshd";

/** Installs the binary where it is missing, and lets no service start from it. */
function install(): void {
  if (existsSync(binary)) return;
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdio: "ignore",
  } as const;
  const install = ["install", "-y", "--no-install-recommends", "openssh-server"];
  if (spawnSync("apt-get", install, options).status === 0) return;
  spawnSync("apt-get", ["update"], options);
  execFileSync("apt-get", install, options);
}

export async function startSshd(settings: readonly string[] = []): Promise<Sshd> {
  install();
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const directory = mkdtempSync(join(tmpdir(), "dockroute-sshd-"));
  const key = (name: string, type: string) => {
    const path = join(directory, name);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", path]);
    return path;
  };
  const keys = { ed25519: key("host_ed25519", "ed25519"), rsa: key("host_rsa", "rsa") };
  const clientKey = key("client", "ed25519");
  const port = await freePort();
  const log = join(directory, "log");
  const config = join(directory, "config");
  writeFileSync(
    config,
    [
      ...settings, // sshd takes the first value of each setting
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      ...Object.values(keys).map((path) => `HostKey ${path}`),
      `AuthorizedKeysFile ${clientKey}.pub`,
      `PidFile ${join(directory, "pid")}`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin yes",
      "StrictModes no",
      "UsePAM no",
      "LogLevel DEBUG1",
    ].join("\n"),
  );
  const hostKey = (type: "ed25519" | "rsa") =>
    readFileSync(`${keys[type]}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
  const knownHosts = join(directory, "known_hosts");
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey("ed25519")}\n`);
  const server = spawn(binary, ["-D", "-E", log, "-f", config], { stdio: "ignore" });
  const read = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  for (let tries = 0; tries < 100 && !read().includes("Server listening"); tries++) await sleep(50);
  return {
    port,
    user: userInfo().username,
    directory,
    clientKey,
    knownHosts,
    hostKey,
    log: read,
    stop: () => {
      server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
