/**
 * MeshCheck: `npx dockroute check` at the end of an `up` that changed something, or that follows one with a red
 * direction. It is a resource, because only the provider's process knows what an `up` changed. It leaves nothing
 * on a host.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Checked, checkMesh, type Direction } from "../../check/check.js";
import { membersOf } from "../../check/member.js";
import type { Fault } from "../../engine/errors/fault.js";
import { NoImport } from "../../engine/errors/refused.js";
import { cleaned } from "../../engine/printable.js";
import { read } from "../../resources/host/inputs.js";
import { planForm } from "../../resources/host/plan-output.js";
import type { Lifecycle } from "./lifecycle.js";
import { hasUnknown, type Props, pick } from "./props.js";
import type { Session } from "./session.js";

/** One direction, without timings, so that the same mesh gives the same outputs. */
export interface Outcome {
  readonly reached: boolean;
  readonly reason?: string;
}

/** By the host from which and the host to which. */
export type Results = Readonly<Record<string, Readonly<Record<string, Outcome>>>>;

const location = z
  .object({ endpoint: z.string(), interface: z.string().optional() })
  .meta({ id: "MeshCheckHost" });
export const meshCheckForm = z.object({
  plan: planForm,
  hosts: z.record(z.string(), location),
  networkPrefix: z.number().optional(),
  connections: z.record(z.string(), z.unknown()).optional(),
});
const inputs = Object.keys(meshCheckForm.shape);
const results = z.record(z.string(), z.record(z.string(), z.object({ reached: z.boolean() })));

export class MeshCheckLifecycle implements Lifecycle {
  readonly made = ["results"];

  constructor(
    private readonly session: Session,
    private readonly run: typeof checkMesh = checkMesh,
  ) {}

  async configure(request: { config: { get(key: string): string | undefined } }): Promise<void> {
    this.session.configure((key) => request.config.get(key));
  }

  async check(_: Props, news: Props): Promise<{ inputs: Props; failures: Fault[] }> {
    const own = pick(news, inputs);
    const checked = hasUnknown(own) ? { faults: [] } : read(meshCheckForm, own);
    return { inputs: own, failures: "faults" in checked ? cleaned([...checked.faults]) : [] };
  }

  /** The engine asks after every resource that this one depends on was diffed, and in an `up` also changed. */
  async diff(_: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[] }> {
    const same = inputs.every((name) => isDeepStrictEqual(olds[name], news[name]));
    return { changes: !same || this.session.changes || !isGreen(olds["results"]), replaces: [] };
  }

  async create(news: Props): Promise<{ id: string; outs: Props }> {
    return { id: "check", outs: await this.outsOf(news) };
  }

  async update(_: string, __: Props, news: Props): Promise<{ outs: Props }> {
    return { outs: await this.outsOf(news) };
  }

  /** Asks no host: the results are those of the last `up`. */
  async read(id: string, props: Props): Promise<{ id: string; props: Props; inputs: Props }> {
    return { id, props, inputs: pick(props, inputs) };
  }

  async delete(): Promise<void> {}

  async import(id: string): Promise<{ id: "" }> {
    throw new NoImport(id, "a check leaves nothing on a host");
  }

  private async outsOf(news: Props): Promise<Props> {
    const { plan, hosts, networkPrefix, connections = {} } = meshCheckForm.parse(pick(news, inputs));
    const members = membersOf(
      plan,
      networkPrefix,
      (host) => own(hosts, host) ?? { endpoint: "" },
      (host, endpoint) => this.session.host(host, endpoint, own(connections, host)),
    );
    const found = resultsOf(Object.keys(plan), await this.run({ members }));
    for (const [from, row] of Object.entries(found)) {
      for (const [to, { reached, reason }] of Object.entries(row)) {
        if (!reached) this.session.tell(`check: ${from} does not reach ${to}: ${reason}`);
      }
    }
    return { ...pick(news, inputs), results: found };
  }
}

/** A host may be called "constructor", which every object inherits. */
function own<T>(all: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

export function resultsOf(names: readonly string[], { cells, absent }: Checked): Results {
  const of = (from: string, to: string): Outcome => {
    const out = [from, to].find((name) => own(absent, name) !== undefined);
    if (out !== undefined) return { reached: false, reason: `${out} was not checked: ${own(absent, out)}` };
    const is = (label: string, host: string) => label.split("/")[0] === host;
    const all = cells.filter((each) => is(each.from, from) && is(each.to, to));
    const red = all.filter(({ well }) => !well);
    if (all.length === 0) return { reached: false, reason: "nothing was measured" };
    return red.length === 0 ? { reached: true } : { reached: false, reason: red.map(reasonOf).join("; ") };
  };
  return Object.fromEntries(
    names.map((from) => [
      from,
      Object.fromEntries(names.filter((to) => to !== from).map((to) => [to, of(from, to)])),
    ]),
  );
}

function reasonOf({ from, to, wrong, reason }: Direction): string {
  const networks = `${from}${to}`.includes("/") ? `${from} to ${to}: ` : "";
  const lost = `${networks}${wrong.join(", ")}`;
  return reason === undefined
    ? `${lost} lost; not traced`
    : `${lost}: ${reason.where}: ${reason.why}; ${reason.todo}`;
}

function isGreen(kept: unknown): boolean {
  const read = results.safeParse(kept);
  return (
    read.success && Object.values(read.data).every((row) => Object.values(row).every((one) => one.reached))
  );
}
