/**
 * Reads OpenSSH's own files: ~/.ssh/config, then /etc/ssh/ssh_config; the first value of a keyword wins. The files are
 * never written, and no command in them is run.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type Line, parse } from "ssh-config";
import { patternMatches } from "./known-hosts.js";

/** The reason for which a host cannot be reached by these files; the message names the file or the alias. */
export class SshConfigFault extends Error {}

export interface Settings {
  /** Values by lower-case keyword, as written: no token is expanded. */
  readonly values: ReadonlyMap<string, string>;
  readonly identityFiles: readonly string[];
}

const deepest = 16;
const known = new Map<string, Settings>();

/** The settings of `ssh NAME`. Read once in a process, so that an operation sees one state of the files. */
export function settingsOf(name: string): Settings {
  const key = JSON.stringify([homedir(), name]);
  const found = known.get(key) ?? new Reader(name).read();
  known.set(key, found);
  return found;
}

class Reader {
  readonly #values = new Map<string, string>();
  readonly #identityFiles: string[] = [];

  constructor(private readonly name: string) {}

  read(): Settings {
    this.#file(join(homedir(), ".ssh/config"), join(homedir(), ".ssh"), 0);
    this.#file("/etc/ssh/ssh_config", "/etc/ssh", 0);
    return { values: this.#values, identityFiles: this.#identityFiles };
  }

  /** @param folder the base of relative names of included files */
  #file(file: string, folder: string, depth: number): void {
    const text = contentOf(file);
    if (text === undefined) return;
    if (depth > deepest) throw new SshConfigFault(`${file}: files are included in a circle`);
    this.#lines(parsed(text, file), folder, depth);
  }

  #lines(lines: readonly Line[], folder: string, depth: number): void {
    for (const line of lines) {
      if (!("param" in line)) continue;
      const value = [line.value].flat().join(" ");
      if (!("config" in line)) this.#take(line.param.toLowerCase(), value, folder, depth);
      else if ("criteria" in line ? this.#matches(line.criteria) : this.#isMeant(value.split(/\s+/)))
        this.#lines(line.config, folder, depth);
    }
  }

  #take(keyword: string, value: string, folder: string, depth: number): void {
    if (keyword === "include") {
      const paths = value.split(/\s+/).flatMap((each) => expand(join(absolute(each, folder))));
      for (const path of paths) this.#file(path, folder, depth + 1);
    } else if (keyword === "identityfile") this.#identityFiles.push(value);
    // The two are one setting: the first of either wins.
    else if (keyword === "proxycommand" && this.#values.has("proxyjump")) return;
    else if (keyword === "proxyjump" && this.#values.has("proxycommand")) return;
    else if (!this.#values.has(keyword)) this.#values.set(keyword, value);
  }

  #isMeant(patterns: readonly string[], name = this.name): boolean {
    const meets = (pattern: string) => patternMatches(pattern.toLowerCase(), name.toLowerCase());
    if (patterns.some((each) => each.startsWith("!") && meets(each.slice(1)))) return false;
    return patterns.some((each) => !each.startsWith("!") && meets(each));
  }

  /** A Match block whose criteria are only names; a block with other criteria is skipped. */
  #matches(criteria: Readonly<Record<string, string | readonly string[]>>): boolean {
    return Object.entries(criteria).every(([keyword, wanted]) => {
      const patterns = [wanted].flat().flatMap((each) => each.split(","));
      if (keyword.toLowerCase() === "all") return true;
      if (keyword.toLowerCase() === "originalhost") return this.#isMeant(patterns);
      const hostName = (this.#values.get("hostname") ?? this.name).replaceAll("%h", this.name);
      return keyword.toLowerCase() === "host" && this.#isMeant(patterns, hostName);
    });
  }
}

function contentOf(file: string): string | undefined {
  try {
    // OpenSSH refuses it too: whoever can write to the file decides where a login goes.
    if ((statSync(file).mode & 0o002) !== 0 && !file.startsWith("/etc/"))
      throw new SshConfigFault(`${file} can be written by others: \`chmod go-w ${file}\``);
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw code === undefined ? error : new SshConfigFault(`${file} cannot be read (${code})`);
  }
}

function parsed(text: string, file: string): readonly Line[] {
  try {
    return parse(text);
  } catch (error) {
    throw new SshConfigFault(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function absolute(path: string, folder: string): string {
  const bare = path.replace(/^"(.*)"$/, "$1").replace(/^~(?=\/|$)/, homedir());
  return bare.startsWith("/") ? bare : join(folder, bare);
}

/** The files that match a path with * and ?, sorted by name. */
function expand(path: string): readonly string[] {
  if (!/[*?]/.test(path)) return [path];
  const last = basename(path);
  return expand(dirname(path)).flatMap((folder) => {
    if (!/[*?]/.test(last)) return [join(folder, last)];
    const names = entriesOf(folder).filter((name) => patternMatches(last, name) && !name.startsWith("."));
    return names.sort().map((name) => join(folder, name));
  });
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
