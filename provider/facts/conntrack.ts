/**
 * conntrack: NAT is decided by a flow's first packet, so flows that exist keep their old fate until their entry
 * goes; a flow that retries without an answer keeps its entry alive for ever.
 */
import type { Answer, Command } from "../engine/command.js";

export const questions = [
  { why: "ask whether there is a program conntrack", argv: ["conntrack", "--version"] },
] as const satisfies readonly Command[];

export function isThere(version: Answer): boolean {
  return version.code === 0;
}

/**
 * Forgets what can be decided anew without harm: ICMP, UDP, and TCP that nobody has answered. Established TCP
 * lives on as it is: without its entry it would stall. Having nothing to forget is no failure.
 */
export function forget(source: string, destinations: readonly string[]): readonly Command[] {
  if (destinations.length === 0) return [];
  const script =
    'from=$1; shift; for to in "$@"; do for kind in icmp udp "tcp --state SYN_SENT" "tcp --state SYN_RECV"; do ' +
    'conntrack -D -s "$from" -d "$to" -p $kind >/dev/null 2>&1; done; done; :';
  const why = "have flows between the parts that are not established decided anew";
  return [{ why, argv: ["sh", "-c", script, "sh", source, ...destinations] }];
}
