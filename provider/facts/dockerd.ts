/** The dockerd that docker.service runs: the flags of its command line with the file that holds each, and its sockets. */
import { asset } from "../engine/asset.js";
import { type Answer, type Command, readOnce } from "../engine/command.js";
import { fact } from "../engine/fact.js";
import { type DaemonJson, path, valuesOf } from "./daemon-json.js";

const question: Command = {
  why: "read how docker.service starts dockerd",
  argv: ["sh", "-c", asset("facts/dockerd.sh")],
  quick: ["dockerd"],
  lasting: true,
};

/** The daemon that docker.service runs. It is read by systemctl and awk, and by docker only where a context is set. */
export const dockerd = fact([question], (answer) => readDockerd(answer));

export interface Dockerd {
  /** The flags by their long names without dashes, "bip", each with all its values. Empty if no dockerd runs. */
  readonly flags: ReadonlyMap<string, Flag>;
  readonly state: "runs" | "stopped" | "unknown";
  /** The sockets at which the daemon listens, beside those of its flags and keys: the sockets of docker.socket. */
  readonly sockets: readonly string[];
  /** The daemon that the command docker was told to look for, if it was told. */
  readonly client?: Client;
}

export interface Flag {
  /** As it was given: "--bip", "-b". */
  readonly word: string;
  readonly values: readonly string[];
  /** The unit, the drop-in or the file of its environment that has the word. undefined if none of them has. */
  readonly file?: string;
}

export interface Client {
  /** The source of it, as a person finds it: "DOCKER_HOST", 'the context "remote"'. */
  readonly by: string;
  /** "unix:///run/other.sock" */
  readonly endpoint: string;
}

/** dockerd's flags that stand for another name, or that take no value of their own. */
const short: Readonly<Record<string, string>> = {
  b: "bridge",
  H: "host",
  G: "group",
  D: "debug",
  l: "log-level",
};
const booleans = new Set([
  ...["allow-direct-routing", "debug", "experimental", "icc", "init", "ip-forward", "ip-forward-no-drop"],
  ...[
    "ip-masq",
    "ip6tables",
    "iptables",
    "ipv6",
    "live-restore",
    "no-new-privileges",
    "raw-logs",
    "rootless",
  ],
  ...["selinux-enabled", "tls", "tlsverify", "userland-proxy"],
]);

/** Keys of daemon.json that are lists have another name than their flags. */
const plural: Readonly<Record<string, string>> = {
  ...{
    "default-address-pool": "default-address-pools",
    host: "hosts",
    "registry-mirror": "registry-mirrors",
  },
  ...{ "insecure-registry": "insecure-registries", label: "labels", "log-opt": "log-opts" },
};

const readDockerd = readOnce(({ stdout }: Answer): Dockerd => {
  const lines = stdout
    .split("\n")
    .map((line) => [line.replace(/=.*/s, ""), line.replace(/^[^=]*=/, "")] as const);
  const all = (name: string) =>
    lines.flatMap(([key, value]) => (key === name && value !== "" ? [value] : []));
  const places = all("flag").map((text) => {
    const [word = "", ...file] = text.split(" ");
    return { name: nameOf(word), file: file.join(" ") };
  });
  const argv = all("argv");
  const flags = new Map(
    [...flagsOf(argv.slice(1))].map(([name, flag]): [string, Flag] => {
      // A later file wins: the unit, its drop-ins, the files of its environment.
      const file = places.findLast((place) => place.name === name)?.file;
      return [name, file === undefined ? flag : { ...flag, file }];
    }),
  );
  const client = clientOf(all("DOCKER_HOST")[0], all("context")[0]);
  return {
    flags,
    state: argv.length > 0 ? "runs" : all("MainPID")[0] === "0" ? "stopped" : "unknown",
    sockets: all("Listen").map((text) => socketOf(text.replace(/ \(.*$/, ""))),
    ...(client === undefined ? {} : { client }),
  };
});

/** systemd prints a path, or an address with its port. */
function socketOf(text: string): string {
  return `${/^[/@]/.test(text) ? "unix" : "tcp"}://${text}`;
}

function clientOf(host: string | undefined, context: string | undefined): Client | undefined {
  if (host !== undefined) return { by: "DOCKER_HOST", endpoint: host };
  if (context === undefined) return undefined;
  const [name = "", endpoint = ""] = context.split(" ");
  return { by: `the context ${JSON.stringify(name)}`, endpoint };
}

/** "--bip=172.17.0.1/16" and "--bip" "172.17.0.1/16" both are the value of "bip". */
function flagsOf(words: readonly string[]): ReadonlyMap<string, Flag> {
  const found = new Map<string, Flag>();
  for (let at = 0; at < words.length; at++) {
    const [, word, rest = ""] = /^(--[a-z][a-z0-9-]*(?==|$)|-[A-Za-z])(.*)$/s.exec(words[at] ?? "") ?? [];
    if (word === undefined) continue;
    const name = nameOf(word);
    const joined = rest === "" ? undefined : rest.replace(/^=/, "");
    const value = joined ?? (booleans.has(name) ? "true" : (words[++at] ?? ""));
    found.set(name, { word, values: [...(found.get(name)?.values ?? []), value] });
  }
  return found;
}

function nameOf(word: string): string {
  const bare = word.replace(/^--?/, "");
  return word.startsWith("--") ? bare : (short[bare.slice(0, 1)] ?? bare);
}

/** One setting of dockerd, by a flag or by a key of daemon.json: dockerd does not start with both. */
export interface Setting {
  /** A text, a number or a boolean each; the entries of a list in daemon.json, one by one. */
  readonly values: readonly unknown[];
  /** As it is written: "--bip=172.20.0.1/24", '"bip": "172.20.0.1/24"'. */
  readonly text: string;
  /** The place where it is written, as a person finds it: the file, or the command line that runs. */
  readonly place: string;
}

/** dockerd's settings, as a host shows them. */
export interface Settings {
  readonly dockerd: Dockerd;
  readonly file: Pick<DaemonJson, "text">;
}

/** The flag's name is given: "default-address-pool" for the key default-address-pools too. */
export function setting(name: string, { dockerd, file }: Settings): Setting | undefined {
  const flag = dockerd.flags.get(name);
  if (flag !== undefined) {
    const { word, values } = flag;
    return {
      values: booleans.has(name) ? values.map((text) => !/^(0|f|F|false|FALSE|False)$/.test(text)) : values,
      text: values
        .map((value) => (booleans.has(name) && value === "true" ? word : `${word}=${value}`))
        .join(" "),
      place: flag.file ?? "the command line of the dockerd that runs",
    };
  }
  const key = plural[name] ?? name;
  const value = valuesOf(file)[key];
  if (value === undefined) return undefined;
  return { values: [value].flat(), text: `${JSON.stringify(key)}: ${JSON.stringify(value)}`, place: path };
}

/** True if a person turned off a setting that is on by itself: "iptables", "ip-masq". */
export function isOff(name: string, settings: Settings): boolean {
  return setting(name, settings)?.values.at(-1) === false;
}
