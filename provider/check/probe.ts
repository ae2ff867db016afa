/** One probe from an endpoint at others, by probe.pl: ICMP, TCP, UDP, the largest packet that gets through in one piece. */
import { z } from "zod";
import { asset } from "../engine/asset.js";
import type { Answer, Command } from "../engine/command.js";
import type { ProbeEndpoint } from "./endpoint.js";

/** The answers of one target. */
export interface ProbeResult {
  /** Milliseconds, the least of three. */
  readonly roundTrip?: number;
  /** The source addresses that the other side saw. */
  readonly tcp?: string;
  readonly udp?: string;
  /** The largest packet that was answered without being cut, and the largest that the link here takes. */
  readonly largest: number;
  readonly mtu: number;
  /** The kernel's reports: "tcp: No route to host". */
  readonly errors: readonly string[];
  /** ICMP errors that came back, each with its sender. */
  readonly refusals: readonly { readonly by: string; readonly what: string }[];
}

/** @param seconds the time to wait for an answer */
export function probe(
  name: string,
  from: ProbeEndpoint,
  targets: readonly ProbeEndpoint[],
  seconds: number,
): Command {
  const words = targets.map(({ address, tcp, udp }) => `${address}:${tcp}:${udp}`);
  const own = `${from.pid}:${from.notes}:${from.address}`;
  const argv = [
    "nsenter",
    `--net=/proc/${from.pid}/ns/net`,
    "perl",
    "-",
    from.nonce,
    name,
    `${seconds}`,
    own,
  ];
  return {
    why: "probe the other hosts' containers",
    argv: [...argv, ...words],
    stdin: asset("check/probe.pl"),
  };
}

/** ICMP errors by type and code. */
const icmpErrors: Readonly<Record<string, string>> = {
  "3/0": "network unreachable",
  "3/1": "host unreachable",
  "3/2": "protocol unreachable",
  "3/3": "port unreachable",
  "3/4": "the packet is too big",
  "3/9": "network forbidden",
  "3/10": "host forbidden",
  "3/13": "forbidden by a filter",
  "11/0": "time to live exceeded: it went round in circles",
};

const text = z.string();
const number = z.coerce.number();
const row = z.tuple([text, text, text, number, number, text, text, text, text]);

/** As many as there were targets, in their order; "gone" where the probing endpoint is no more. */
export function readProbe({ stdout, stderr }: Answer): readonly ProbeResult[] | "gone" {
  if (/^gone$/m.test(stdout) || stderr.startsWith("nsenter: ")) return "gone";
  return stdout.split("\n").flatMap((line): ProbeResult[] => {
    const [word, ...cells] = line.split("\t");
    const read = row.safeParse(cells);
    if (word !== "answer" || !read.success) return [];
    const [rtt, tcp, udp, largest, mtu, ...errors] = read.data;
    const refusals = errors[3].split(" ").filter(Boolean);
    return [
      {
        ...(rtt === "" ? {} : { roundTrip: Number(rtt) }),
        ...(tcp === "" ? {} : { tcp }),
        ...(udp === "" ? {} : { udp }),
        ...{ largest, mtu },
        errors: ["icmp", "tcp", "udp"].flatMap((name, at) => (errors[at] ? [`${name}: ${errors[at]}`] : [])),
        refusals: refusals.map((text) => {
          const [type = "", code = "", by = ""] = text.split("/");
          return { by, what: icmpErrors[`${type}/${code}`] ?? `ICMP ${type}/${code}` };
        }),
      },
    ];
  });
}
