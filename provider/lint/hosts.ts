/** Reads all hosts of the config and judges the mesh as a whole, before its first resource is judged. */

import { questionsOf, seenOf } from "../engine/fact.js";
import * as rules from "../facts/ip-rules.js";
import * as ip from "../facts/iproute.js";
import * as reversePath from "../facts/reverse-path.js";
import type { Host } from "../host/host.js";
import type { HostEntry } from "../host/login/credentials.js";
import { network } from "../resources/host/network.js";
import { type Finding, lint, type Standing } from "./mesh.js";

/** The facts asked of each host; its inputs are the addresses of its peers. */
export const lintFacts = {
  ...network,
  strict: reversePath.strictLinks(),
  policy: rules.policy,
  ways: ip.waysTo((peers: readonly string[]) => peers),
};

/** The mesh is judged without the hosts that have not answered by then; each of them is judged when it answers. */
const patienceMs = 5_000;

export interface Intended {
  readonly pool?: string | undefined;
  readonly hostPrefix?: number | undefined;
  readonly hosts: readonly Member[];
}

interface Member {
  readonly entry: HostEntry;
  readonly host: Host;
}

/** The judgement of a mesh whose hosts answer at different times. Each finding is returned once. */
export class MeshLint {
  readonly #intended: Intended;
  readonly #patienceMs: number;
  readonly #standing: Standing[] = [];
  readonly #failed = new Set<string>();
  readonly #reads: ReadonlyMap<string, Promise<void>>;
  readonly #returned = new Set<string>();

  constructor(intended: Intended, patience = patienceMs) {
    this.#intended = intended;
    this.#patienceMs = patience;
    this.#reads = new Map(intended.hosts.map((member) => [member.entry.name, this.#read(member)]));
  }

  /** Judges the hosts that answer soon. */
  async judge(): Promise<readonly Finding[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => {
      timer = setTimeout(done, this.#patienceMs);
    });
    await Promise.race([Promise.all(this.#reads.values()), late]);
    clearTimeout(timer);
    return [...this.#findings(), ...this.#leftOut()];
  }

  /** Judges again as soon as this host has answered: a late host brings findings of its own. */
  async judgeWith(host: string): Promise<readonly Finding[]> {
    await this.#reads.get(host);
    return this.#findings();
  }

  #findings(): readonly Finding[] {
    const { pool, hostPrefix, hosts } = this.#intended;
    const addresses = Object.fromEntries(hosts.map(({ entry }) => [entry.name, entry.address]));
    const sites = Object.fromEntries(
      hosts.flatMap(({ entry: { name, site } }) => (site === undefined ? [] : [[name, site]])),
    );
    const byName = this.#standing.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const found = lint({ pool, hostPrefix, addresses, sites }, byName);
    const anew = found.filter(({ text }) => !this.#returned.has(text));
    for (const { text } of anew) this.#returned.add(text);
    return anew;
  }

  /** One warning that names the hosts which the judgement leaves out, and why. */
  #leftOut(): readonly Finding[] {
    const there = new Set(this.#standing.map(({ name }) => name));
    const names = this.#intended.hosts.map(({ entry }) => entry.name).filter((name) => !there.has(name));
    if (names.length === 0) return [];
    const reasons = names.map((name) => {
      const late = `no answer within ${this.#patienceMs / 1000} s, so it is compared when it answers`;
      return `${name} (${this.#failed.has(name) ? "it cannot be asked" : late})`;
    });
    const text = `not yet compared with the other hosts: ${reasons.join("; ")}. One machine under two names, an address on no common link and a smaller MTU are not noticed there`;
    return [{ level: "warning", hosts: names, text }];
  }

  async #read({ entry, host }: Member): Promise<void> {
    const { hosts } = this.#intended;
    const peers = hosts.flatMap(({ entry: { address } }) => (address === entry.address ? [] : [address]));
    const questions = questionsOf<readonly string[]>(lintFacts, peers);
    try {
      const { strict, policy, ...ground } = seenOf(lintFacts, peers, questions, await host.read(questions));
      this.#standing.push({ ...entry, ground, strict, policy });
    } catch {
      // The resources of this host report why.
      this.#failed.add(entry.name);
    }
  }
}
