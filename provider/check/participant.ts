/** The hosts that take part in a check, with their probe endpoints. */
import { type Answer, type Command, unseen } from "../engine/command.js";
import { cannotBeAsked } from "../engine/errors/host.js";
import * as docker from "../facts/docker-networks.js";
import * as iproute from "../facts/iproute.js";
import { chooseSpots } from "./choose.js";
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
  const absent = new Map<string, string>();
  const closed = new Map<string, string>();
  const each = async <A, B>(all: readonly A[], of: (one: A) => Member, work: (one: A) => Promise<B>) => {
    const done = await Promise.all(
      all.map(async (one) => {
        try {
          return [await work(one)];
        } catch (error) {
          if (!cannotBeAsked(error)) throw error;
          absent.set(of(one).name, `not reached: ${error.reason}`);
          return [];
        }
      }),
    );
    return done.flat();
  };
  const seen = await each(
    members,
    (member) => member,
    (member) => look(member),
  );
  const participants = await each(
    seen,
    ({ member }) => member,
    async ({ member, spots, hostAddresses, closed: shut }): Promise<readonly Participant[]> => {
      for (const { network, reason } of shut) closed.set(`${member.name}/${network}`, reason);
      const [answer = unseen] = await ask(member, [beginEndpoints(nonce, spots, member.plan)]);
      const begun = readEndpoints(nonce, spots, answer);
      if (typeof begun === "string") absent.set(member.name, begun);
      return typeof begun === "string"
        ? []
        : begun.map((probeEndpoint) => {
            const { network } = probeEndpoint;
            const label = network === undefined ? member.name : `${member.name}/${network}`;
            return { ...member, probeEndpoint, label, hostAddresses };
          });
    },
  );
  return { participants: participants.flat(), absent, closed };
}

async function look(member: Member) {
  const questions = [docker.question, docker.attachedQuestion, iproute.addressQuestion];
  const [networks = unseen, attachments = unseen, addresses = unseen] = await ask(member, questions);
  const chosen = chooseSpots(member.plan, docker.read(networks).all, docker.readAttachments(attachments));
  const links = iproute.readLinks(addresses);
  const hostAddresses = links.flatMap((link) => link.addresses.map((text) => text.split("/")[0] ?? ""));
  return { member, hostAddresses, ...chosen };
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
