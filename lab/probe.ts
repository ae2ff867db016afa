/** Probes from containers, hosts and strangers: their targets answer, and name the address that they saw. */
import type { Host, Stranger } from "./host.js";
import type { Result } from "./run.js";

/**
 * A web server that answers with the address it saw, and under another path with its own host name too: on
 * port 80, which is published as 8080, and on 81, which is not. Process 1 gets no signal that it does not
 * handle, and Docker would wait 10 s for it at each stop.
 */
const serve = [
  "trap 'exit 0' TERM",
  "mkdir -p /www/cgi-bin",
  `printf '#!/bin/sh\\necho\\necho $REMOTE_ADDR\\n' > /www/cgi-bin/who`,
  `printf '#!/bin/sh\\necho\\necho $(hostname) $REMOTE_ADDR\\n' > /www/cgi-bin/name`,
  "chmod +x /www/cgi-bin/who /www/cgi-bin/name",
  "httpd -p 81 -h /www",
  "httpd -f -p 80 -h /www & wait",
].join("; ");

export const unpublishedPort = 81;
export const publishedPort = 80;
export const hostPort = 8080;

/** Starts the container `name` on a host, with a restart policy unless told otherwise. */
export async function startBox(
  host: Host,
  name = "box",
  options: readonly string[] = boxOptions,
): Promise<void> {
  await host.run(["docker", "run", "-d", "--name", name, ...options, "lab/box", "sh", "-c", serve]);
}

export const boxOptions: readonly string[] = ["--restart", "always", "-p", `${hostPort}:${publishedPort}`];

/** The container's own address. */
export async function boxAddress(host: Host, name = "box"): Promise<string> {
  return (await host.run(["docker", "exec", name, "hostname", "-i"])).trim().split(" ")[0] ?? "";
}

export interface Target {
  /** The name in the answer: "beta". */
  readonly name: string;
  readonly address: string;
  /** A TCP port of the web server; without one it is pinged. */
  readonly port?: number;
}

export interface Reached {
  readonly target: Target;
  readonly reached: boolean;
  /** The source address that the other side saw; TCP only. */
  readonly source?: string;
  /** Milliseconds; ping only. */
  readonly roundTrip?: number;
}

/** All targets at once, from one place: it takes as long as the slowest. */
export async function probe(
  exec: (words: readonly string[]) => Promise<Result>,
  targets: readonly Target[],
  seconds = 2,
): Promise<readonly Reached[]> {
  const script = targets.map(
    (target, at) => `(echo "${at} $(${ask(target, seconds)} 2>/dev/null | tr '\\n' ' ')") &`,
  );
  const { stdout } = await exec(["sh", "-c", `${script.join("\n")}\nwait`]);
  const answers = new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => [Number(line.split(" ")[0]), line]),
  );
  return targets.map((target, at) => readAnswer(target, answers.get(at) ?? ""));
}

function ask({ address, port }: Target, seconds: number): string {
  if (port === undefined) return `ping -c 1 -W ${seconds} ${address}`;
  const request = `GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n`;
  return `printf '${request}' | timeout ${seconds} busybox nc ${address} ${port}`;
}

function readAnswer(target: Target, line: string): Reached {
  const roundTrip = /= [\d.]+\/([\d.]+)\//.exec(line)?.[1];
  const source = /(\d+\.\d+\.\d+\.\d+)\]? *$/.exec(line)?.[1];
  if (target.port === undefined) {
    return {
      target,
      reached: roundTrip !== undefined,
      ...(roundTrip === undefined ? {} : { roundTrip: Number(roundTrip) }),
    };
  }
  return { target, reached: source !== undefined, ...(source === undefined ? {} : { source }) };
}

interface Asked {
  readonly targets: readonly Target[];
  readonly answer: (answers: readonly Reached[]) => void;
  readonly fail: (error: unknown) => void;
}

/** Questions that the containers of a host are still to be asked, by container and patience. */
const due = new WeakMap<Host, Map<string, Asked[]>>();

/** From inside a container. Questions of the same moment share one `docker exec`, which costs more than they do. */
export function fromBox(
  host: Host,
  targets: readonly Target[],
  name = "box",
  seconds = host.patience,
): Promise<readonly Reached[]> {
  const ofHost = due.get(host) ?? new Map<string, Asked[]>();
  due.set(host, ofHost);
  const key = `${name} ${seconds}`;
  return new Promise((answer, fail) => {
    const company = ofHost.get(key) ?? [];
    company.push({ targets, answer, fail });
    if (company.length > 1) return;
    ofHost.set(key, company);
    setImmediate(() => {
      ofHost.delete(key);
      void askTogether((words) => host.exec(["docker", "exec", name, ...words]), company, seconds);
    });
  });
}

async function askTogether(exec: Parameters<typeof probe>[0], company: readonly Asked[], seconds: number) {
  const all = company.flatMap(({ targets }) => targets);
  try {
    const answers = await probe(exec, all, seconds);
    let at = 0;
    for (const { targets, answer } of company) {
      answer(answers.slice(at, at + targets.length));
      at += targets.length;
    }
  } catch (error) {
    for (const { fail } of company) fail(error);
  }
}

/** From the host itself. */
export function fromHost(host: Host, targets: readonly Target[]): Promise<readonly Reached[]> {
  return probe((words) => host.exec(words), targets, host.patience);
}

/** From a machine in nobody's plan. */
export function fromStranger(stranger: Stranger, targets: readonly Target[]): Promise<readonly Reached[]> {
  return probe((words) => stranger.exec(words), targets);
}
