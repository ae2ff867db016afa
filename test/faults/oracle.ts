/**
 * The invariants after every fault; each violation is one line of text. Here are those that need no knowledge of the
 * run. The sweeps ask whether the run can be repeated and ends like a fresh one.
 */
import { type ParseError, parse } from "jsonc-parser";
import type { Host } from "../../lab/host.js";
import type { Lab } from "../../lab/lab.js";
import { type Result, sleep } from "../../lab/run.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";

/**
 * The command `iptables` leaves empty chains in a table that once had a rule of its own. And a path unit of systemd fails
 * where it gets no inotify instance, of which all labs of a machine share a few.
 */
const notCompared = /^raw :|^table ip raw( chain PREROUTING(: type.*)?)?$|^\S+\.path loaded failed /;

export function undoSeconds(): number {
  return Number(process.env["DOCKROUTE_UNDO_SECONDS"]);
}

/** Beside the timer's time a host has a minute; one whose processor is translated has more. */
function settleMs(host: Host): number {
  return host.isVm ? host.bootMs : 60_000;
}

/** I1: a fresh login over the wire, within the timer's time and a minute. Returns how long it took, in ms. */
export async function answersAgain(host: Host, since: number): Promise<number | string> {
  const limit = undoSeconds() * 1000 + settleMs(host);
  while (Date.now() - since < limit) {
    const tried = await host.ssh(["true"], "root", { timeoutMs: host.isVm ? 30_000 : 3000 });
    if (tried.code === 0) return Date.now() - since;
    await sleep(100);
  }
  return `I1 ${host.name} gives no login within ${limit / 1000} s`;
}

/** I2: Docker is active, and the containers that ran before run. */
export async function containersRun(host: Host, names: readonly string[]): Promise<readonly string[]> {
  const ask = async (): Promise<readonly string[]> => {
    const asked = await host.exec("systemctl is-active docker; docker ps --format '{{.Names}}'");
    const [active = "", ...running] = asked.stdout.split("\n");
    return [
      ...(active === "active" ? [] : [`I2 ${host.name}: docker is ${active}`]),
      ...names
        .filter((name) => !running.includes(name))
        .map((name) => `I2 ${host.name}: ${name} does not run`),
    ];
  };
  return eventually(ask, undoSeconds() * 1000 + settleMs(host));
}

const lock = "/run/dockroute.lock";

const leftoverQuestion = [
  `ls -d ${lock} /etc/dockroute/pending /etc/dockroute/last-undo`,
  "/etc/systemd/system/dockroute-undo* /etc/systemd/system/*.wants/dockroute-undo*",
  "2>/dev/null; find /etc /run -xdev -name '*.dockroute-new' 2>/dev/null;",
  "systemctl list-units --all --plain --no-legend 'dockroute-undo*';",
  // A script of ours that came over ssh is a shell below sshd; sudo would be seen as well.
  "ps -eo args= | grep -Ex '/bin/sh( -s .*)?|sudo -n -- /bin/sh.*|/bin/sh /etc/dockroute/pending.*' || true",
].join(" ");

/** The last command of a script. If it fails, the lock's file stays until the next change or boot. */
export const removesLock = `rm -f ${lock}`;

/** I4: a run that ended well left nothing but its result. */
export function nothingLeft(host: Host): Promise<readonly string[]> {
  return leftovers(host, leftoverQuestion);
}

/** The same for a host whose removal of the lock was made to fail: nobody holds the lock. */
export function nothingLeftButLock(host: Host): Promise<readonly string[]> {
  const isHeld = `[ -e ${lock} ] && ! flock -n ${lock} true && echo ${lock} is held || true`;
  return leftovers(host, `${leftoverQuestion.replace(`${lock} `, "")}; ${isHeld}`);
}

function leftovers(host: Host, question: string): Promise<readonly string[]> {
  const ask = async (): Promise<readonly string[]> =>
    (await host.run(question))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => `I4 ${host.name}: left over: ${line}`);
  // The repair holds the lock for a moment twice a minute; a timer that the host did not stop ends when its time is over.
  return eventually(ask, (undoSeconds() + 5) * 1000);
}

/** True while a change waits on the host for its confirmation. */
export function isPending(host: Host): Promise<boolean> {
  return host.has("etc/dockroute/pending/undo");
}

/** Waits until the host by itself has no change pending any more. */
export async function settledAlone(host: Host): Promise<readonly string[]> {
  const ask = async (): Promise<readonly string[]> =>
    (await isPending(host)) ? [`I1 ${host.name}: a change is still pending, though its time is over`] : [];
  return eventually(ask, undoSeconds() * 1000 + settleMs(host));
}

/** A6: docker0 has the address of daemon.json, or without one the address from before; never a mix of old and new. */
export async function bridgeIsWhole(
  host: Pick<Host, "name" | "exec">,
  ms = 30_000,
): Promise<readonly string[]> {
  const ask = async (): Promise<readonly string[]> => {
    const wanted = bridgeOf(await host.exec(readDaemonJson), await host.exec(readBefore));
    const has = /inet (\S+)/.exec((await host.exec("ip -4 addr show docker0")).stdout)?.[1];
    if ("address" in wanted && has === wanted.address) return [];
    const why = "address" in wanted ? `${wanted.from} gives ${wanted.address}` : wanted.fault;
    return [`A6 ${host.name}: ${why}, docker0 has ${has ?? "no address"}`];
  };
  return eventually(ask, ms);
}

const daemonJson = "/etc/docker/daemon.json";
const before = "/etc/dockroute/before.json";
/** A file that is absent reads as {}, and one that cannot be read as a failure. */
const reading = (path: string): string =>
  `if [ -e ${path} ] || [ -L ${path} ]; then cat ${path}; else echo '{}'; fi`;
const readDaemonJson = reading(daemonJson);
const readBefore = reading(before);

/** The address that docker0 has to have by daemon.json; where that names none, by before.json or Docker's own choice. */
export function bridgeOf(
  file: Result,
  record: Result,
): { readonly address: string; readonly from: string } | { readonly fault: string } {
  const texts = [
    [daemonJson, file],
    [before, record],
  ] as const;
  for (const [from, { code, stdout, stderr }] of texts) {
    const errors: ParseError[] = [];
    const value: unknown = parse(stdout, errors, { allowTrailingComma: true });
    const fault = code === 0 ? errors.length > 0 && "is no JSON" : `cannot be read: ${stderr.trim()}`;
    if (fault !== false || !isObject(value)) return { fault: `${from} ${fault || "is no object"}` };
    if (typeof value["bip"] === "string") return { address: value["bip"], from };
    if ("bip" in value) return { fault: `bip in ${from} is no text` };
  }
  return { address: "172.17.0.1/16", from: "Docker" };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function snapshotOf(host: Host): Promise<Snapshot> {
  return snapshot(host, { ignore: notCompared });
}

/** I3, I8: the host is as in the snapshot, after a moment if need be. */
export async function sameAs(
  wanted: Snapshot,
  host: Host,
  ignore: (line: string) => boolean = () => false,
): Promise<readonly string[]> {
  const ask = async (): Promise<readonly string[]> =>
    differences(wanted, await snapshotOf(host))
      .filter((line) => !ignore(line))
      .map((line) => `I3 ${host.name}: ${line}`);
  return eventually(ask, host.isVm ? 60_000 : 10_000);
}

/** Asks until nothing is wrong or the time is over. Returns what is wrong then. */
async function eventually(ask: () => Promise<readonly string[]>, ms: number): Promise<readonly string[]> {
  for (const end = Date.now() + ms; ; await sleep(200)) {
    const wrong = await ask();
    if (wrong.length === 0 || Date.now() > end) return wrong;
  }
}

/** I1, I2 and A6 on every host after a fault, with the time until all were reached again. */
export async function standing(
  lab: Lab,
  names: readonly string[],
  since: number,
  alone: boolean,
): Promise<{ readonly wrong: readonly string[]; readonly reachMs: number }> {
  const found = await Promise.all(
    lab.hosts.map(async (host) => {
      const reached = await answersAgain(host, since);
      if (typeof reached === "string") return { wrong: [reached], reachMs: Date.now() - since };
      const wrong = [
        ...(alone ? await settledAlone(host) : []),
        ...(await containersRun(host, names)),
        ...(alone ? await bridgeIsWhole(host, host.isVm ? host.bootMs : undefined) : []),
      ];
      return { wrong, reachMs: reached };
    }),
  );
  return {
    wrong: found.flatMap(({ wrong }) => wrong),
    reachMs: Math.max(...found.map(({ reachMs }) => reachMs)),
  };
}
