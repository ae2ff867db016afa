/**
 * Probe endpoints: where packets are sent from, and where they are answered. An endpoint is a process in the
 * network namespace of a container, or in one of its own with a veth on the bridge. begin-endpoints.sh starts it,
 * endpoint.pl is it; beside perl it takes nsenter, unshare and ip.
 */
import { asset } from "../engine/asset.js";
import type { Answer, Command } from "../engine/command.js";
import type { HostPlan } from "../plan/index.js";
import type { Namespace } from "./choose.js";

/** The time that an endpoint lives after it was last renewed. Every reading of its notes renews it. */
const seconds = 45;

export interface ProbeEndpoint extends Namespace {
  /** The check by which it was started: other processes of the same number do not know this word. */
  readonly nonce: string;
  readonly pid: number;
  /** The file descriptor of its notes. */
  readonly notes: number;
  readonly tcp: number;
  readonly udp: number;
}

export function beginEndpoints(
  nonce: string,
  namespaces: readonly Namespace[],
  { bridgeAddress }: HostPlan,
): Command {
  const [gateway = "", prefix = ""] = bridgeAddress.split("/");
  const words = namespaces.flatMap(({ container, address, bridge }) =>
    container === undefined
      ? ["stand-in", bridge, `${address}/${prefix}`, gateway]
      : ["in", `${container.pid}`, address],
  );
  const [script, listener] = [asset("check/begin-endpoints.sh"), asset("check/endpoint.pl")];
  const argv = ["sh", "-c", script, "dockroute-check", listener, nonce, `${seconds}`, ...words];
  return { why: "start probe endpoints, one in each of its networks", argv };
}

/** The endpoints, that of the default network first, or in words why that one did not start. */
export function readEndpoints(
  nonce: string,
  namespaces: readonly Namespace[],
  { stdout, stderr }: Answer,
): readonly ProbeEndpoint[] | string {
  const lines = stdout.trim().split("\n");
  if (lines[0] === "no perl") return "it has no program perl, which the check needs (package perl-base)";
  const begun = namespaces.flatMap((namespace, at): ProbeEndpoint[] => {
    const [word, ...numbers] = (lines[at] ?? "").split(" ");
    const [pid, notes, tcp, udp] = numbers.map(Number);
    if (word !== "endpoint" || pid === undefined || notes === undefined) return [];
    return tcp === undefined || udp === undefined ? [] : [{ ...namespace, nonce, pid, notes, tcp, udp }];
  });
  if (begun[0]?.network === undefined && begun[0] !== undefined) return begun;
  const reason = stderr.trim().split("\n").at(-1) || "no reason was given";
  return `no probe endpoint started on ${namespaces[0]?.bridge}: ${reason}`;
}

/** A packet that came: protocol, origin's name ("?" by TCP), and the source address as it was seen on arrival. */
export interface Arrival {
  readonly protocol: string;
  readonly origin: string;
  readonly source: string;
}

function control(verb: "notes" | "renew" | "end", why: string, endpoints: readonly ProbeEndpoint[]): Command {
  const words = endpoints.map(({ pid, notes, address }) => `${pid}:${notes}:${address}`);
  const argv = ["perl", "-", verb, endpoints[0]?.nonce ?? "", ...words];
  return { why, argv, stdin: asset("check/endpoint.pl") };
}

/** Reads the notes, and which TCP calls are still unanswered; renews the endpoint. */
export function askNotes(endpoint: ProbeEndpoint): Command {
  return control("notes", "read who reached the probe endpoint", [endpoint]);
}

/** "gone" where the endpoint is no more, or its container has stopped: then nothing can be told from silence. */
export function readNotes({ tcp }: ProbeEndpoint, { code, stdout }: Answer): readonly Arrival[] | "gone" {
  const lines = stdout.split("\n");
  if (code !== 0 || lines.some((line) => line.startsWith("gone "))) return "gone";
  const port = tcp.toString(16).toUpperCase().padStart(4, "0");
  return lines.flatMap((line): Arrival[] => {
    const noted = /^(icmp|udp|tcp) (\S+) ([\d.]+)$/.exec(line);
    if (noted) return [{ protocol: noted[1] ?? "", origin: noted[2] ?? "", source: noted[3] ?? "" }];
    // "0: 0100007F:1F90 0200007F:C350 03": in state 3 the first packet came, and its answer was not confirmed.
    const half = new RegExp(`^ *\\d+: [0-9A-F]{8}:${port} ([0-9A-F]{8}):[0-9A-F]{4} 03 `).exec(line)?.[1];
    if (half === undefined) return [];
    const bytes = half.match(/../g)?.reverse() ?? [];
    return [{ protocol: "tcp", origin: "?", source: bytes.map((hex) => Number.parseInt(hex, 16)).join(".") }];
  });
}

/** Renews endpoints of one host. */
export function renewEndpoints(endpoints: readonly ProbeEndpoint[]): Command {
  return control("renew", "renew the probe endpoints", endpoints);
}

/** Those of the endpoints that are no more. */
export function readGone(endpoints: readonly ProbeEndpoint[], { code, stdout }: Answer) {
  const gone = stdout.split("\n").map((line) => /^gone (\d+)$/.exec(line)?.[1]);
  return code === 0 ? endpoints.filter(({ pid }) => gone.includes(`${pid}`)) : endpoints;
}

/** Ends endpoints of one host; with the process go the namespace of its own and the veth. */
export function endEndpoints(endpoints: readonly ProbeEndpoint[]): Command {
  return control("end", "end the probe endpoints", endpoints);
}
