/** The hosts that take part in a check, with their probe endpoints. */
import { type Answer, type Command, unseen } from "../engine/command.js";
import { cannotBeAsked } from "../engine/errors/host.js";
import { questionsOf, seenOf } from "../engine/fact.js";
import * as docker from "../facts/docker-networks.js";
import * as iproute from "../facts/iproute.js";
import { chooseNamespaces } from "./choose.js";
import {
  beginEndpoints,
  endEndpoints,
  type ProbeEndpoint,
  readEndpoints,
  readGone,
  renewEndpoints,
} from "./endpoint.js";
import type { Member } from "./member.js";

/** A host with one of its probe endpoints. A host with user-defined networks takes part several times. */
export interface Participant extends Member {
  readonly probeEndpoint: ProbeEndpoint;
  /** The host's name; for a user-defined network also that one's: "alpha/side". */
  readonly label: string;
  /** All addresses of the host itself. */
  readonly hostAddresses: readonly string[];
}

export interface Begun {
  readonly participants: readonly Participant[];
  /** Hosts that take no part, and why. */
  readonly absent: ReadonlyMap<string, string>;
  /** Networks that are not meant to be reached, by label, and why. */
  readonly closed: ReadonlyMap<string, string>;
}

/**
 * Starts the endpoints. No host gets one before all hosts have answered or been given up: a dial that times out
 * takes longer than an endpoint lives.
 */
export async function beginAll(members: readonly Member[], nonce: string): Promise<Begun> {
  const looks = await Promise.all(members.map((member) => orAbsent(member, () => look(member))));
  const seen = looks.flatMap((each) => (each instanceof Absent ? [] : [each]));
  const starts = await Promise.all(seen.map((each) => orAbsent(each.member, () => begin(each, nonce))));
  const all = [...looks, ...starts];
  return {
    participants: starts.flatMap((each) => (each instanceof Absent ? [] : each)),
    absent: new Map(all.flatMap((each) => (each instanceof Absent ? [[each.name, each.reason]] : []))),
    closed: new Map(
      seen.flatMap(({ member, closed }) =>
        closed.map(({ network, reason }) => [`${member.name}/${network}`, reason]),
      ),
    ),
  };
}

/** A host that takes no part. */
class Absent {
  constructor(
    readonly name: string,
    readonly reason: string,
  ) {}
}

async function orAbsent<T>({ name }: Member, work: () => Promise<T>): Promise<T | Absent> {
  try {
    return await work();
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    return new Absent(name, `not reached: ${error.reason}`);
  }
}

const facts = { networks: docker.networks, attachments: docker.attachments, links: iproute.links };

async function look(member: Member) {
  const questions = questionsOf(facts, undefined);
  const { networks, attachments, links } = seenOf(facts, undefined, questions, await ask(member, questions));
  const chosen = chooseNamespaces(member.plan, networks, attachments);
  const hostAddresses = links.flatMap((link) => link.addresses.map((text) => text.split("/")[0] ?? ""));
  return { member, hostAddresses, ...chosen };
}

async function begin(
  { member, namespaces, hostAddresses }: Awaited<ReturnType<typeof look>>,
  nonce: string,
): Promise<readonly Participant[] | Absent> {
  const [answer = unseen] = await ask(member, [beginEndpoints(nonce, namespaces, member.plan)]);
  const begun = readEndpoints(nonce, namespaces, answer);
  if (typeof begun === "string") return new Absent(member.name, begun);
  return begun.map((probeEndpoint) => {
    const { network } = probeEndpoint;
    const label = network === undefined ? member.name : `${member.name}/${network}`;
    return { ...member, probeEndpoint, label, hostAddresses };
  });
}

function byHost(participants: readonly Participant[]): readonly (readonly [Participant, ...Participant[]])[] {
  const hosts = new Map<string, [Participant, ...Participant[]]>();
  for (const one of participants) {
    const known = hosts.get(one.name);
    if (known === undefined) hosts.set(one.name, [one]);
    else known.push(one);
  }
  return [...hosts.values()];
}

/** Renews all; gives those whose endpoint is no more, or whose host cannot be asked. */
export async function renewAll(participants: readonly Participant[]): Promise<readonly Participant[]> {
  const gone = byHost(participants).map(async (own): Promise<readonly Participant[]> => {
    const endpoints = own.map(({ probeEndpoint }) => probeEndpoint);
    try {
      const [answer = unseen] = await ask(own[0], [renewEndpoints(endpoints)]);
      const lost = readGone(endpoints, answer);
      return own.filter(({ probeEndpoint }) => lost.includes(probeEndpoint));
    } catch (error) {
      if (!cannotBeAsked(error)) throw error;
      return own;
    }
  });
  return (await Promise.all(gone)).flat();
}

/** Ends all. One that cannot be asked ends itself. */
export async function endAll(participants: readonly Participant[]): Promise<void> {
  await Promise.all(
    byHost(participants).map(async (own) => {
      const endpoints = own.map(({ probeEndpoint }) => probeEndpoint);
      await ask(own[0], [endEndpoints(endpoints)]).catch(() => {});
    }),
  );
}

/** Asks anew: an earlier answer to the same question no longer holds. */
export function ask({ host }: Member, questions: readonly Command[]): Promise<readonly Answer[]> {
  return host.read(questions, "now");
}
