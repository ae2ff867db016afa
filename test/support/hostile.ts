/** An attacker's texts, and a place in which the shell texts that are made of them really run. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";

/** Texts that do something where they are read as more than text. Each would make the file `canary`. */
export function fixed(canary: string): readonly string[] {
  const touch = `touch ${canary}`;
  return [
    `; ${touch}`,
    `$(${touch})`,
    `\`${touch}\``,
    `| ${touch}`,
    `&& ${touch} #`,
    `'; ${touch}; '`,
    `"; ${touch}; "`,
    `'"'"'; ${touch}; '`,
    `x\n${touch}\n`,
    `x\r\n${touch}\r\n`,
    `DOCKROUTE\n${touch}\n`,
    `COMMIT\n${touch}`,
    `eth0;${touch}`,
    `eth0"; add rule x; "`,
    `/24;${touch}`,
    `172.30.1.0/24\n${touch}`,
    `172.30.1.1/24; ${touch}`,
    `-oProxyCommand=${touch}`,
    `root@host:22;${touch}`,
    `root@-oProxyCommand=x:22`,
    `\${IFS}${touch}`,
    `\\\n${touch}`,
    `}\n${touch}\n{`,
    `*\0${touch}`,
    `<(${touch})`,
    `>${canary}`,
    "--",
    "-",
    "..",
    "../../../etc/passwd",
    "%s%s%n",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "null",
    "[object Object]",
    "010.0.0.1",
    "１０.０.０.１",
    "١٠.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "\u001b[2J\u001b[31mred",
    "\u009b31mred",
    "\u001b]0;title\u0007",
    "x\u202egnp.exe",
    "a\u0000b",
    "line\rover",
    "\ud800",
    "a".repeat(100_000),
    "💥".repeat(500),
    " ",
    "",
    "\t",
    "<script>alert(1)</script>",
    '"]; click x "javascript:alert(1)',
    "&lt;",
  ];
}

/** The fixed ones, pieces of them put together, and any text at all. */
export function hostile(canary: string): fc.Arbitrary<string> {
  const known = fc.constantFrom(...fixed(canary).filter((text) => text.length < 500));
  const glue = fc.constantFrom("", "172.30.1.0/24", "eth0", "alpha", "tcp/443", "'", '"', "\n", "\\");
  return fc.oneof(
    known,
    fc.tuple(glue, known, glue).map((all) => all.join("")),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(..."$`'\"\\;&|<>(){}[]!#~*?=%@:/-. \n\t\0ab1"), maxLength: 20 }),
  );
}

/** Programs of the real machine that a script of ours may use here; all others only succeed. */
const real = ["sh", "touch", "cat", "printf", "tr", "cut", "grep", "mkdir", "true"];
const stubs =
  "ip nft iptables iptables-restore iptables-save systemctl systemd-run install dd mv rm rmdir docker conntrack " +
  "sysctl firewall-cmd flock sync sleep timeout head ln id sudo date find stat readlink printenv hostname sed dockerd nsenter";

/** A folder that stands for a host: its /etc, /run and programs. No script gets out of it but by a canary. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), "dockroute-attack-"));
  readonly canary = join(this.folder, "CANARY");
  private readonly programs = join(this.folder, "programs");
  private readonly kept = new Set<string>();
  private readonly seen = new Set<string>();

  constructor() {
    const folders = ["etc/dockroute/pending", "etc/systemd/system/multi-user.target.wants", "etc/docker"];
    for (const each of [...folders, "run/systemd/system", "scripts", "programs"]) {
      mkdirSync(join(this.folder, each), { recursive: true });
    }
    writeFileSync(join(this.folder, "etc/dockroute/pending/undo"), "");
    for (const name of stubs.split(" ")) symlinkSync("/bin/true", join(this.programs, name));
    for (const name of real) symlinkSync(`/bin/${name}`, join(this.programs, name));
  }

  /** Keeps a script to be run by `run`. */
  add(script: string): void {
    if (this.seen.has(script)) return;
    this.seen.add(script);
    const inside = script
      // The mark of one run: without it most scripts are the same one again.
      .replaceAll(/dockroute-[0-9a-f]{24}/g, "dockroute-mark")
      .replaceAll(/PATH=\S+ LC_ALL=C/g, `PATH=${this.programs} LC_ALL=C`)
      .replaceAll(/(?<![\w/])\/(etc|run)\//g, `${this.folder}/$1/`)
      .replaceAll(/^cd \/$/gm, `cd ${this.folder}`);
    if (this.kept.has(inside)) return;
    writeFileSync(join(this.folder, "scripts", String(this.kept.size).padStart(6, "0")), inside);
    this.kept.add(inside);
  }

  /** Has sh read each script and run it. Gives those that sh cannot read, and how many there were. */
  run(): { readonly unreadable: readonly string[]; readonly scripts: number; readonly canary: boolean } {
    // Functions and subshells in place of programs: a thousand scripts in a second.
    const nothing = stubs.split(" ").filter((name) => !name.includes("-"));
    const all = [
      ...nothing.map((name) => `${name}() { :; }`),
      'for each in scripts/*; do [ -e "$each" ] || continue',
      '( . "./$each" ) </dev/null >/dev/null 2>&1; [ $? != 2 ] || echo "$each"; done',
      // Read one after the other, by one sh: a text that breaks out of one breaks the next.
      "cat scripts/* 2>/dev/null | sh -n 2>&1; :",
    ].join("\n");
    const said = execFileSync("/bin/sh", ["-c", all], {
      cwd: this.folder,
      env: { PATH: this.programs },
      encoding: "utf8",
      timeout: 120_000,
    });
    const [scripts, canary] = [this.kept.size, existsSync(this.canary)];
    rmSync(this.canary, { force: true });
    rmSync(join(this.folder, "scripts"), { recursive: true });
    mkdirSync(join(this.folder, "scripts"));
    this.kept.clear();
    return { unreadable: said.split("\n").filter(Boolean), scripts, canary };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Characters that no terminal should get: the control ones but for line feed and tab, and Unicode's invisible ones. */
export const unprintable = /[^\n\t\P{C}]/u;

/** Every text in a value, keys too. */
export function texts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [key, ...texts(inner)]);
}
