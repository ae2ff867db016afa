/** Asks all hosts of the config what speaks against the mesh as a whole, before its first resource is judged. */

import { fact, questionsOf, seenOf } from "../engine/fact.js";
import * as rules from "../facts/ip-rules.js";
import * as ip from "../facts/iproute.js";
import * as reversePath from "../facts/reverse-path.js";
import type { Host } from "../host/host.js";
import type { HostEntry } from "../host/login/credentials.js";
import { network } from "../resources/host/network.js";
import { type Finding, lint, type Standing } from "./mesh.js";

/** What is asked of each host; its inputs are the addresses of its peers. */
export const lintFacts = {
  ...network,
  strict: fact([reversePath.question], (answer) => reversePath.readStrict(answer)),
  policy: rules.policy,
  ways: ip.waysTo((peers: readonly string[]) => peers),
};

/** How long the hosts that answer wait for those that do not: these are reported by their own resources. */
const patienceMs = 5_000;

export interface Intended {
  readonly pool?: string | undefined;
  readonly hostPrefix?: number | undefined;
  readonly hosts: readonly { readonly entry: HostEntry; readonly host: Host }[];
}

export async function lintHosts({ pool, hostPrefix, hosts }: Intended): Promise<readonly Finding[]> {
  const standing: Standing[] = [];
  const looks = hosts.map(async ({ entry, host }) => {
    const peers = hosts.flatMap(({ entry: { address } }) => (address === entry.address ? [] : [address]));
    const seen = await stand(entry, host, peers).catch(() => undefined);
    if (seen !== undefined) standing.push(seen);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((done) => {
    timer = setTimeout(done, patienceMs);
  });
  await Promise.race([Promise.all(looks), late]);
  clearTimeout(timer);
  const addresses = Object.fromEntries(hosts.map(({ entry }) => [entry.name, entry.address]));
  const byName = standing.sort((a, b) => (a.name < b.name ? -1 : 1));
  return lint({ pool, hostPrefix, addresses }, byName);
}

async function stand(entry: HostEntry, host: Host, peers: readonly string[]): Promise<Standing> {
  const questions = questionsOf<readonly string[]>(lintFacts, peers);
  const { strict, policy, ...ground } = seenOf(lintFacts, peers, questions, await host.look(questions));
  return { ...entry, ground, strict, policy };
}
