/**
 * conntrack: the kernel decides NAT at the first packet of a flow. A flow keeps that decision until its entry is
 * deleted, and one that retries without an answer keeps its entry alive for ever.
 */
import { asset } from "../engine/asset.js";
import type { Command } from "../engine/command.js";
import { fact } from "../engine/fact.js";

const question: Command = {
  why: "ask whether there is a program conntrack",
  argv: ["conntrack", "--version"],
  quick: ["program", "conntrack"],
  lasting: true,
};

/** True if the host has the program. */
export const isInstalled = fact([question], ({ code }) => code === 0);

/**
 * Deletes the entries whose flows survive it: ICMP, UDP, and TCP without an answer. Established TCP keeps its entry,
 * because it would stall without. An empty table is no failure.
 */
export function forget(source: string, destinations: readonly string[]): readonly Command[] {
  if (destinations.length === 0) return [];
  const why = "have NAT decided anew for flows between the hosts' subnets that are not established";
  return [{ why, argv: ["sh", "-c", asset("facts/conntrack-forget.sh"), "sh", source, ...destinations] }];
}
