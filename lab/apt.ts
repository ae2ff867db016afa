import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Log, run, step, tryRun } from "./run.js";

/** One archive of the machine's apt configuration. */
export interface Source {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Options of the one-line format that decide whether it is trusted: signed-by, trusted. */
  readonly options: readonly string[];
}

/** `deb [signed-by=/k.gpg] http://... bookworm main` */
export function parseOneLine(text: string): Source[] {
  return text.split("\n").flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*?)\s*(?:#.*)?$/.exec(line.trim());
    if (match?.[2] === undefined || match[3] === undefined) return [];
    const options = (match[1] ?? "").split(/\s+/).filter((option) => /^(signed-by|trusted)=/.test(option));
    return [{ uri: match[2], suites: [match[3]], components: words(match[4]), options }];
  });
}

/** Paragraphs of `Field: value`; a line that begins with a blank goes on with the field before it. */
export function parseDeb822(text: string): Source[] {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .split(/\n\s*\n/)
    .flatMap((paragraph) => {
      const fields = new Map<string, string>();
      for (const [, name, value] of paragraph.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
        fields.set((name ?? "").toLowerCase(), (value ?? "").trim());
      }
      const off = /^(no|false|0)$/i.test(fields.get("enabled") ?? "yes");
      if (off || !words(fields.get("types")).includes("deb")) return [];
      const key = fields.get("signed-by");
      // A key written out in the paragraph has no one-line form; apt's own keyrings are asked then.
      const options = key?.startsWith("/") ? [`signed-by=${words(key).join(",")}`] : [];
      const suites = words(fields.get("suites"));
      return words(fields.get("uris")).map((uri) => ({
        uri,
        suites,
        components: words(fields.get("components")),
        options,
      }));
    });
}

const words = (text: string | undefined): string[] => (text ?? "").split(/\s+/).filter((word) => word !== "");

function machineSources(): Source[] {
  const parts = "/etc/apt/sources.list.d";
  const files = existsSync(parts) ? readdirSync(parts).map((file) => join(parts, file)) : [];
  const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  return [
    ...["/etc/apt/sources.list", ...files.filter((file) => file.endsWith(".list"))].flatMap((f) =>
      parseOneLine(read(f)),
    ),
    ...files.filter((file) => file.endsWith(".sources")).flatMap((file) => parseDeb822(read(file))),
  ];
}

/**
 * The machine's own Debian archives, as lines for another release of Debian. Other people's archives are
 * left out: only Debian's have the suites CODENAME, CODENAME-updates, CODENAME-security with a `main`.
 */
export function archiveLines(release: string, sources = machineSources(), own = machineCodename()): string[] {
  const debian = ["", "-updates", "-security"];
  const lines = sources
    .filter((source) => source.components.includes("main"))
    .flatMap((source) =>
      debian
        .filter((suffix) => source.suites.includes(`${own}${suffix}`))
        .map((suffix) => {
          const options = source.options.length > 0 ? `[${source.options.join(" ")}] ` : "";
          return `deb ${options}${source.uri} ${release}${suffix} main`;
        }),
    );
  if (lines.length === 0) {
    throw new Error(
      `apt's configuration names no Debian archive with the suite "${own}": the lab's images need one`,
    );
  }
  return [...new Set(lines)];
}

function machineCodename(): string {
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (codename === undefined)
    throw new Error("/etc/os-release names no VERSION_CODENAME: the lab needs a Debian machine");
  return codename;
}

/** Proxies, time limits and the like, as the machine's apt has them: lines of an apt.conf. */
export async function acquireOptions(): Promise<string[]> {
  const dump = await run(["apt-config", "dump"]);
  return dump
    .split("\n")
    .filter((line) =>
      /^Acquire::(https?::|ftp::|Retries|Check-Valid-Until|Check-Date|ForceIPv4|ForceIPv6)/.test(line),
    )
    .filter((line) => !line.endsWith(' "";'));
}

/** Packages that the lab needs on the machine it runs on, each by the program that shows that it is there. */
const tools: ReadonlyArray<readonly [program: string, pkg: string]> = [
  ["systemd-nspawn", "systemd-container"],
  ["mmdebstrap", "mmdebstrap"],
  ["ip", "iproute2"],
  ["tc", "iproute2"],
  ["ssh", "openssh-client"],
  ["ping", "iputils-ping"],
  ["nsenter", "util-linux"],
  ["flock", "util-linux"],
  // A stranger at the switch has the outer machine's programs: its web server and its nc are busybox's.
  ["busybox", "busybox-static"],
];

export async function ensureTools(log: Log): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("the lab makes namespaces and mounts: run it as root");
  await ensurePrograms(tools, log);
}

/** Installs the packages of those programs that are missing, which takes root. */
export async function ensurePrograms(
  programs: ReadonlyArray<readonly [program: string, pkg: string]>,
  log: Log,
): Promise<void> {
  const missing: string[] = [];
  for (const [program, pkg] of programs) {
    const { code } = await tryRun(["sh", "-c", 'command -v "$1"', "sh", program]);
    if (code !== 0) missing.push(pkg);
  }
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await step(log, `apt-get install ${missing.join(" ")}`, async () => {
    await run(["apt-get", "-q", "update"], { env });
    await run(["apt-get", "-qy", "install", "--no-install-recommends", ...new Set(missing)], { env });
  });
}
