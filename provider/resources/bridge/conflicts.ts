/** dockerd's settings that cannot stand beside the keys that docker0 needs, known before anything is changed. */
import type { Fault } from "../../engine/errors/fault.js";
import * as json from "../../facts/daemon-json.js";
import { type Setting, setting } from "../../facts/dockerd.js";
import { listens, otherDaemon } from "../../facts/dockerd-sockets.js";
import {
  contains,
  containsAddress,
  parseAddress,
  parseInterface,
  printRange,
  type Range,
} from "../../plan/cidr.js";
import { networkOf } from "../host/network.js";
import type { BridgeSeen } from "./facts.js";
import { keysFor, runsWith, type Wanted } from "./keys.js";

/** The flags that set the same as a key of ours. dockerd does not start with both. */
const flagOf = {
  bip: "bip",
  "default-address-pools": "default-address-pool",
  "allow-direct-routing": "allow-direct-routing",
  "bridge-accept-fwmark": "bridge-accept-fwmark",
} as const satisfies Record<keyof json.Keys, string>;

export function conflicts(wanted: Wanted, seen: BridgeSeen): readonly Fault[] {
  const reasons = [
    ...otherBridge(seen),
    ...flagsBesideKeys(wanted, seen),
    ...outside("fixed-cidr", wanted, seen),
    ...outside("default-gateway", wanted, seen),
    ...otherFile(seen),
    ...keptAlive(wanted, seen),
  ];
  return [...otherDocker(seen), ...reasons.map((reason) => ({ property: "bip", reason }))];
}

/** "--bip=172.20.0.1/24 (in /etc/default/docker)" */
export function placed({ text, place }: Setting): string {
  return `${text} (in ${place})`;
}

/** The fault where the command docker and docker.service are not about one daemon. */
export function otherDocker(seen: Pick<BridgeSeen, "daemon" | "dockerd" | "file">): readonly Fault[] {
  const other = seen.daemon.other === undefined ? otherDaemon(seen) : undefined;
  if (other === undefined) return [];
  if (other === "not docker.service") {
    // A Docker that is stopped or removed answers nothing: this host is not ready, and holds up no other.
    if (seen.daemon.version === undefined) return [];
    const reason =
      "docker.service does not run here, so the Docker that answers is started by something else and its restart would " +
      "be none of docker.service; start Docker by docker.service, or leave this host out";
    return [{ property: "host", reason }];
  }
  const { by, endpoint } = other;
  if (by === "") {
    const reason =
      `the dockerd of docker.service listens on ${listens(seen).join(", ") || "no socket"}, so the command docker, which ` +
      `looks for ${endpoint}, asks another one; let docker.service listen there too, or set DOCKER_HOST for the login`;
    return [{ property: "host", reason }];
  }
  const where =
    by === "DOCKER_HOST" ? `DOCKER_HOST=${endpoint} in the login's environment` : `${by} (${endpoint})`;
  const remedy =
    by === "DOCKER_HOST"
      ? "take DOCKER_HOST out of /etc/environment or the shell's start files of this login"
      : "run `docker context use default` as the user that Docker is asked by";
  const reason = `by ${where} the command docker speaks to another daemon than the one that docker.service starts; ${remedy}`;
  return [{ property: "host", reason }];
}

function otherBridge(seen: BridgeSeen): readonly string[] {
  const found = setting("bridge", seen);
  if (found === undefined || found.values.every((value) => value === "")) return [];
  const name = String(found.values.at(-1));
  const means =
    name === "none" ? "Docker has no bridge at all" : `Docker's bridge is ${name} and not docker0`;
  return [`dockerd has ${placed(found)}: ${means}, and it takes no bip beside that; ${removal(found)}`];
}

function flagsBesideKeys(wanted: Wanted, seen: BridgeSeen): readonly string[] {
  const { bip, ...others } = keysFor(wanted, seen);
  const keys = new Map<string, unknown>(Object.entries({ bip, ...others }));
  return Object.entries(flagOf).flatMap(([key, name]) => {
    const found = seen.dockerd.flags.has(name) ? setting(name, seen) : undefined;
    if (found === undefined || keys.get(key) === undefined) return [];
    return [
      `dockerd has the flag ${placed(found)}, and does not start with that and ${JSON.stringify(key)} in ${json.path}, ` +
        `which dockroute sets; ${removal(found)}`,
    ];
  });
}

/** An address or a range that dockerd takes only from docker0's own network. */
function outside(
  name: "fixed-cidr" | "default-gateway",
  wanted: Wanted,
  seen: BridgeSeen,
): readonly string[] {
  const found = setting(name, seen);
  const value = String(found?.values.at(-1) ?? "");
  const own = networkOf(wanted.bip);
  if (found === undefined || value === "" || isInside(value, own)) return [];
  const [what, harm] =
    name === "fixed-cidr"
      ? [`a range in ${printRange(own)}`, "its containers would get no address"]
      : [
          `an address in ${printRange(own)} other than ${wanted.bip.split("/")[0]}`,
          "dockerd would not start",
        ];
  return [
    `dockerd has ${placed(found)}, which is not in docker0's network ${printRange(own)}, so ${harm}; make it ${what}, ` +
      "or remove it, before the next up, and leave the restart of Docker to dockroute",
  ];
}

function isInside(value: string, own: Range): boolean {
  const range = parseInterface(value);
  const address = parseAddress(value);
  return (
    ("value" in range && contains(own, range.value.range)) ||
    ("value" in address && containsAddress(own, address.value))
  );
}

function otherFile(seen: BridgeSeen): readonly string[] {
  const found = setting("config-file", { ...seen, file: {} });
  const config = found?.values.at(-1);
  if (found === undefined || config === json.path || config === seen.file.path) return [];
  return [
    `dockerd has the flag ${placed(found)}, so it does not read ${json.path}, where dockroute writes docker0's address; ` +
      `move its content to ${json.path} and ${removal(found)}`,
  ];
}

/** As a key of daemon.json live-restore can be off for the one restart; as a flag it cannot. */
function keptAlive(wanted: Wanted, seen: BridgeSeen): readonly string[] {
  const found = setting("live-restore", seen);
  const isOn = seen.daemon.liveRestore && !json.hasLiveRestore(seen.file.text);
  if (!isOn || runsWith(wanted, seen)) return [];
  return [
    `dockerd has ${found === undefined ? "--live-restore on its command line" : `the flag ${placed(found)}`}, and with it ` +
      `ignores a new bip while a container runs; write "live-restore": true into ${json.path} instead, which can be off ` +
      "for one restart",
  ];
}

function removal({ place }: Setting): string {
  return place === json.path
    ? "remove that key"
    : `remove the flag, then run \`systemctl daemon-reload\` and \`systemctl restart docker\``;
}
