/** Asks all hosts of the config what speaks against the mesh as a whole, before its first resource is judged. */

import * as reversePath from "../facts/reverse-path.js";
import type { Host } from "../host/host.js";
import type { HostEntry } from "../host/login/credentials.js";
import { questions as groundQuestions, readGround } from "../resources/host/network.js";
import { type Finding, lint, type Standing } from "./mesh.js";

/** Beside those of the resources; asked in the same round trip. */
export const lintQuestions = [...groundQuestions, reversePath.question] as const;

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
    const seen = await stand(entry, host).catch(() => undefined);
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

async function stand(entry: HostEntry, host: Host): Promise<Standing> {
  const answers = await host.look(lintQuestions);
  const [strict] = answers.slice(groundQuestions.length);
  if (strict === undefined) throw new Error("an answer is missing");
  return { ...entry, ground: readGround(answers), strict: reversePath.readStrict(strict) };
}
