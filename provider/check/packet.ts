/** The rules that a packet could have matched, as far as a rule's text tells it. */

import { words } from "../facts/iptables.js";
import { containsAddress, parseAddress, parseHostOrRange } from "../plan/cidr.js";
import type { Counter } from "./counters.js";

export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly in: string;
  readonly out: string;
  readonly protocols: readonly string[];
}

/** True if no term of the rule excludes this packet. */
export function matches({ tool, rule }: Counter, packet: Packet): boolean {
  return (tool === "iptables" ? iptablesTerms(rule) : nftTerms(rule)).every(({ on, value, not }) => {
    const holds = value.some((each) => holdsFor(on, each, packet));
    return holds !== not;
  });
}

/** True if the rule names this packet's source or destination. */
export function names(counter: Counter, packet: Packet): boolean {
  const terms = counter.tool === "iptables" ? iptablesTerms(counter.rule) : nftTerms(counter.rule);
  return (
    terms.some(({ on, not }) => (on === "source" || on === "destination") && !not) && matches(counter, packet)
  );
}

interface Term {
  readonly on: keyof Packet;
  readonly value: readonly string[];
  readonly not: boolean;
}

const flags = { "-s": "source", "-d": "destination", "-i": "in", "-o": "out", "-p": "protocols" } as const;

function iptablesTerms(rule: string): readonly Term[] {
  const all = words(rule);
  return all.flatMap((word, at): Term[] => {
    const value = all[at + 1];
    if (!isFlag(word) || value === undefined) return [];
    return [{ on: flags[word], value: [value], not: all[at - 1] === "!" }];
  });
}

function isFlag(word: string): word is keyof typeof flags {
  return Object.hasOwn(flags, word);
}

const nftNames = { "ip saddr": "source", "ip daddr": "destination", iifname: "in", oifname: "out" } as const;

/** True if the rule also tests something other than addresses, interfaces and protocols: a port, a rate, a state. */
export function asksMore({ rule }: Counter): boolean {
  return /\b(dport|sport|limit|quota|fib|ct|mark|flags|day|hour|type|ether|vlan|@\S+)\b/.test(rule);
}

function nftTerms(rule: string): readonly Term[] {
  const form = /\b(ip saddr|ip daddr|iifname|oifname) (!= )?(\{[^}]*\}|"[^"]*"|[\d./]+)/g;
  const terms = [...rule.matchAll(form)].map(([, name, not, value = ""]): Term => {
    const on = nftNames[name as keyof typeof nftNames];
    return { on, not: not !== undefined, value: value.match(/[\w./*-]+/g) ?? [] };
  });
  const [, not, list, word] =
    /\b(?:(?:ip protocol|l4proto) (!= )?(\{[^}]*\}|\w+)|(tcp|udp|icmp) \w+)/.exec(rule) ?? [];
  const value = (list ?? word)?.match(/\w+/g);
  return value ? [...terms, { on: "protocols", not: not !== undefined, value }] : terms;
}

function holdsFor(on: Term["on"], value: string, packet: Packet): boolean {
  if (on === "protocols") return value === "all" || packet.protocols.includes(value);
  if (on === "in" || on === "out") {
    const wild = /[+*]$/.test(value);
    return wild ? packet[on].startsWith(value.slice(0, -1)) : packet[on] === value;
  }
  const range = parseHostOrRange(value);
  const address = parseAddress(packet[on]);
  return "value" in range && "value" in address && containsAddress(range.value, address.value);
}
