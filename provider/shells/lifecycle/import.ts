/** An import: the inputs of a resource of which only the id is known, read from the host. */
import { isGone, refusals } from "../../engine/claim.js";
import { NoImport, Refused } from "../../engine/errors/refused.js";
import { cheapQuestionsOf, type Facts } from "../../engine/fact.js";
import type { Kind, OnHost, Remembered } from "../../engine/kind.js";
import { cleaned } from "../../engine/printable.js";
import { refreshed } from "../../engine/survey.js";
import { glance } from "../../engine/view.js";
import type { Host } from "../../host/host.js";
import { defined, type Props } from "./props.js";
import type { Session } from "./session.js";

export type Imported = { id: string; props: Props; inputs: Props } | { id: "" };

export async function importOf<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  session: Session,
  id: string,
  stack: string,
): Promise<Imported> {
  const { imports, disruptive } = kind;
  if (imports === undefined)
    throw new NoImport(
      id,
      "its inputs cannot be read back from a host. Run `pulumi up`, which takes over what is there.",
    );
  const [name = ""] = id.split("/");
  const { props, faults } = session.withEndpoint({ host: name });
  const endpoint = props["endpoint"];
  if (faults.length > 0 || typeof endpoint !== "string") {
    throw new NoImport(
      id,
      `the config names no host ${name}. Add it to dockroute:hosts, where an import finds its host.`,
    );
  }
  const host = session.host(name, endpoint, undefined);
  const answers = await host.read(imports.questions, "last");
  const where = { host: name, endpoint, addresses: session.addresses };
  const candidates = imports.candidates(id, where, answers).flatMap((each) => {
    const checked = kind.check(Object.fromEntries(Object.entries(each)));
    return "inputs" in checked && kind.id(checked.inputs) === id ? [checked.inputs] : [];
  });
  const likeliest = await best(kind, candidates, host, stack);
  if (likeliest === undefined) return { id: "" };
  const { inputs, view } = likeliest;
  const refused = refusals(view.claims);
  if (refused.length > 0) throw new Refused(name, id, refused);
  const now = refreshed(kind, inputs, inputs, view, host);
  if (now === undefined) return { id: "" };
  if (now.told !== "") session.tell(`${id}: ${now.told}`);
  const traits = cleaned(defined(disruptive?.traits.of(view.seen) ?? {}));
  const all = { ...traits, ...inputs, stack };
  const found = now.found.length > 0 ? { found: now.found } : {};
  const before = disruptive?.remembers(view.seen);
  const machine = await session.machine(host);
  return { id, props: { ...all, ...defined({ machine, before }), ...found }, inputs: all };
}

/** The first candidate that the host has as a whole, else the first of which it has a part. */
async function best<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  candidates: readonly I[],
  host: Host,
  stack: string,
) {
  const tried = [];
  for (const each of candidates) {
    const inputs: I & Remembered = { ...each, stack };
    // Each asks for the ways of its own inputs.
    await host.read(cheapQuestionsOf<I>(kind.facts, inputs), "last");
    const view = await glance(kind, inputs, { read: (questions) => host.read(questions, "last") });
    if (view.claims.every(({ is }) => is === "so")) return { inputs, view };
    tried.push({ inputs, view });
  }
  return tried.find(({ view }) => !isGone(view.claims));
}
