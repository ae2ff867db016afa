/** Each host of the plan beside what is wanted of it. */
import { cannotBeAsked } from "../engine/errors/host.js";
import type { Seen } from "../engine/fact.js";
import { cleaned } from "../engine/printable.js";
import { type Survey, survey } from "../engine/survey.js";
import { newestQuestion, readNewest } from "../facts/files.js";
import { directory } from "../facts/places.js";
import { addressOf } from "../resources/bridge/facts.js";
import { dockerBridge } from "../resources/bridge/index.js";
import { forwardRule } from "../resources/forward/index.js";
import { masqueradeRule } from "../resources/masquerade/index.js";
import { peerRoute } from "../resources/route/index.js";
import type { Member, Site } from "./member.js";

/** One host, as `--json` prints it. */
export interface HostStatus {
  readonly host: string;
  readonly endpoint: string;
  readonly reached: boolean;
  /** Why the host was not reached. */
  readonly reason?: string;
  readonly docker?: string;
  /** "iptables", "iptables+firewalld" or "nftables". */
  readonly firewall?: string;
  /** docker0's address on the host; `wantedBridge` is that of the plan. */
  readonly bridge?: string;
  readonly wantedBridge: string;
  readonly routes: Count;
  readonly rules: Count;
  /** Drift, by resource: "alpha/to/beta: route to 172.30.1.0/24: absent". */
  readonly drift: readonly string[];
  /** Faults that no `up` mends: another program's rule, a firewalld that was started after Docker. */
  readonly warnings: readonly string[];
  /** When dockroute last wrote something on the host. */
  readonly changed?: string;
}

export interface Count {
  readonly well: number;
  readonly wanted: number;
}

export function statusOf(site: Site): Promise<readonly HostStatus[]> {
  return Promise.all(site.members.map(hostStatus));
}

export async function hostStatus({ name, declared, plan, host }: Member): Promise<HostStatus> {
  const { bridge, masquerade, forward, routes } = declared;
  const base = { host: name, endpoint: host.endpoint, wantedBridge: plan.bridgeAddress };
  const none = (wanted: number): Count => ({ well: 0, wanted });
  try {
    const [ofBridge, newest, ofRules, ofRoutes] = await Promise.all([
      survey(dockerBridge, bridge, host),
      host.read([newestQuestion(directory)]),
      Promise.all([
        ...(masquerade === undefined ? [] : [survey(masqueradeRule, masquerade, host)]),
        ...(forward === undefined ? [] : [survey(forwardRule, forward, host)]),
      ]),
      Promise.all(routes.map((route) => survey(peerRoute, route, host))),
    ]);
    const { daemon } = ofBridge.seen;
    const bip = addressOf(ofBridge.seen);
    const changed = newest[0] === undefined ? undefined : readNewest(newest[0]);
    return cleaned<HostStatus>({
      ...base,
      reached: true,
      ...(daemon.version === undefined
        ? {}
        : { docker: daemon.version, firewall: daemon.firewall ?? "iptables" }),
      ...(bip === undefined ? {} : { bridge: bip }),
      routes: count(ofRoutes),
      rules: count(ofRules),
      drift: [...notReady(ofBridge), ...[ofBridge, ...ofRules, ...ofRoutes].flatMap(words)],
      warnings: ofRules.flatMap(({ warnings }) => warnings.map((text) => `${name}: ${text}`)),
      ...(changed === undefined ? {} : { changed: changed.toISOString() }),
    });
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    const rules = (masquerade === undefined ? 0 : 1) + (forward === undefined ? 0 : 1);
    const counts = { routes: none(routes.length), rules: none(rules) };
    return { ...base, reached: false, reason: error.reason, ...counts, drift: [], warnings: [] };
  }
}

function notReady({ id, seen }: Survey<Seen<typeof dockerBridge.facts>>): readonly string[] {
  return (dockerBridge.disruptive?.notReady(seen) ?? []).map((text) => `${id}: ${text}`);
}

function count(surveys: readonly Survey<unknown>[]): Count {
  return { well: surveys.filter(isWell).length, wanted: surveys.length };
}

function isWell({ drift, due }: Survey<unknown>): boolean {
  return drift.length === 0 && due.length === 0;
}

/** The drift in words; a pending change that no drift explains is named by itself. */
function words({ id, drift, due }: Survey<unknown>): readonly string[] {
  return (drift.length > 0 ? drift : due.map((why) => `due: ${why}`)).map((text) => `${id}: ${text}`);
}
