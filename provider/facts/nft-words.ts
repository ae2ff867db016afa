/**
 * The words of nftables' rules that dockroute uses, each as the text that `nft -f` reads and as the JSON that
 * `nft -j` prints, side by side. So a rule that was written is recognised when it is read.
 */

/**
 * The bit by which Docker's nftables backend accepts a packet (`bridge-accept-fwmark`). kube-proxy (0x4000, 0x8000) and
 * Tailscale (0xff0000) use other bits. Calico's default mask, 0xffff0000, contains this one, so a host with Calico needs
 * another mask in Felix. The bit stays as it is: daemon.json and the chains of hosts carry it.
 */
export const mark = 0x10000000;
const markText = "0x10000000";
/** Value and mask, the form of that key. */
export const markKey = `${markText}/${markText}`;

export interface Rule {
  readonly matches: readonly Match[];
  readonly verdict: keyof typeof verdicts;
}

export type Match =
  | { readonly on: "iifname" | "oifname"; readonly names: readonly string[] }
  | { readonly on: "saddr" | "daddr"; readonly range: string }
  | { readonly on: "not from"; readonly range: string }
  /** The kernel has no route back to the source by the link on which the packet came. */
  | { readonly on: "no way back" }
  /** The interface that the destination is reached by; "br-*" stands for all that begin so. */
  | { readonly on: "towards"; readonly name: string }
  /** The same, for the interfaces that a set of the table names. */
  | { readonly on: "towards set"; readonly name: string }
  /** The packet leaves by an interface that a set of the table names. After routing only. */
  | { readonly on: "leaves by set"; readonly name: string }
  /** The packet leaves by a bridge, whoever made it. After routing only. */
  | { readonly on: "leaves by a bridge" }
  /** The destination is not reached by the link on which the packet came. */
  | { readonly on: "to another link" }
  /** The destination is one machine: no group, and not this host. */
  | { readonly on: "to one machine" }
  /** Only tcp, udp or sctp have a number: "443", or "8000:8010". */
  | { readonly on: "port"; readonly protocol: string; readonly number?: string }
  | { readonly on: "unmarked" }
  /** The first packet of a flow. */
  | { readonly on: "new" }
  /** The first packet of a flow that does not come by a published port. */
  | { readonly on: "new and not published" };

/** Each verdict as text, and as `nft -j` prints it. */
const verdicts = {
  // Binding the flow to its own address ends NAT for it. After an accept the next chain would decide.
  keep: { text: "snat to ip saddr", json: { snat: { addr: field("saddr") } } },
  masquerade: { text: "masquerade", json: { masquerade: null } },
  mark: {
    text: `meta mark set meta mark or ${markText}`,
    json: { mangle: { key: meta("mark"), value: { "|": [meta("mark"), mark] } } },
  },
  drop: { text: "drop", json: { drop: null } },
  accept: { text: "accept", json: { accept: null } },
} as const;

/** A rule as `nft -j` prints it. */
export function exprOf({ matches, verdict }: Rule): readonly unknown[] {
  return [...matches.flatMap(matchJson), verdicts[verdict].json];
}

function matchJson(match: Match): readonly unknown[] {
  switch (match.on) {
    case "iifname":
    case "oifname": {
      const [only, ...others] = match.names;
      return [equal(meta(match.on), others.length === 0 ? only : { set: match.names })];
    }
    case "saddr":
    case "daddr":
      return [equal(field(match.on), rangeJson(match.range))];
    case "not from":
      return [{ match: { op: "!=", left: field("saddr"), right: rangeJson(match.range) } }];
    case "no way back":
      return [equal({ fib: { result: "oif", flags: ["saddr", "iif"] } }, false)];
    case "towards":
      return [equal(fib("oifname"), match.name)];
    case "towards set":
      return [equal(fib("oifname"), `@${match.name}`)];
    case "leaves by set":
      return [equal(meta("oifname"), `@${match.name}`)];
    case "leaves by a bridge":
      return [equal(meta("oifkind"), "bridge")];
    case "to another link":
      return [equal({ fib: { result: "oif", flags: ["daddr", "iif"] } }, false)];
    case "to one machine":
      return [equal(fib("type"), "unicast")];
    case "port":
      return portJson(match.protocol, match.number);
    case "unmarked":
      return [equal({ "&": [meta("mark"), mark] }, 0)];
    case "new":
      return [isNew];
    case "new and not published":
      return [isNew, { match: { op: "!", left: { ct: { key: "status" } }, right: "dnat" } }];
  }
}

const isNew = { match: { op: "in", left: { ct: { key: "state" } }, right: "new" } };

function matchText(match: Match): string {
  switch (match.on) {
    case "iifname":
    case "oifname":
      return `${match.on} { ${match.names.map((name) => `"${name}"`).join(", ")} }`;
    case "saddr":
    case "daddr":
      return `ip ${match.on} ${match.range}`;
    case "not from":
      return `ip saddr != ${match.range}`;
    case "no way back":
      return "fib saddr . iif oif missing";
    case "towards":
      return `fib daddr oifname "${match.name}"`;
    case "towards set":
      return `fib daddr oifname @${match.name}`;
    case "leaves by set":
      return `oifname @${match.name}`;
    case "leaves by a bridge":
      return 'meta oifkind "bridge"';
    case "to another link":
      return "fib daddr . iif oif missing";
    case "to one machine":
      return "fib daddr type unicast";
    case "port":
      if (match.number === undefined) return `ip protocol ${match.protocol}`;
      return `${match.protocol} dport ${match.number.replace(":", "-")}`;
    case "unmarked":
      return `meta mark and ${markText} == 0`;
    case "new":
      return "ct state new";
    case "new and not published":
      return "ct state new ct status and dnat == 0";
  }
}

function portJson(protocol: string, number: string | undefined): readonly unknown[] {
  if (number === undefined) return [equal({ payload: { protocol: "ip", field: "protocol" } }, protocol)];
  const [from, to] = number.split(":").map(Number);
  return [equal({ payload: { protocol, field: "dport" } }, to === undefined ? from : { range: [from, to] })];
}

function equal(left: unknown, right: unknown): unknown {
  return { match: { op: "==", left, right } };
}

function fib(result: "oifname" | "type") {
  return { fib: { result, flags: ["daddr"] } };
}

function meta(key: string) {
  return { meta: { key } };
}

function field(name: "saddr" | "daddr") {
  return { payload: { protocol: "ip", field: name } };
}

function rangeJson(range: string): unknown {
  const [addr = "", length] = range.split("/");
  return length === "32" ? addr : { prefix: { addr, len: Number(length) } };
}

/** A rule as it is written. */
export function ruleText({ matches, verdict }: Rule): string {
  return [...matches.map(matchText), verdicts[verdict].text].join(" ");
}
