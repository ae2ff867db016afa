/**
 * MeshCheck: what `npx dockroute check` sees at the end of an `up` that changed something, or that follows on one
 * with a red direction. It is a resource, because what happened in an `up` is known in the provider's process
 * alone; nothing of it is on a host.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Cell, type Checked, checkMesh } from "../../check/check.js";
import { membersOf } from "../../check/member.js";
import type { Lifecycle } from "./lifecycle.js";
import type { Props } from "./props.js";
import type { Session } from "./session.js";

/** One direction: reached or not and why, without a timing, so that the same mesh gives the same outputs. */
export interface Direction {
  readonly reached: boolean;
  readonly reason?: string;
}

/** By the host from which and the host to which. */
export type Results = Readonly<Record<string, Readonly<Record<string, Direction>>>>;

const hostPlan = z.object({ address: z.string(), subnet: z.string(), bridgeAddress: z.string() });
const where = z.object({ endpoint: z.string(), interface: z.string().optional() });
const shape = z.object({
  plan: z.record(z.string(), hostPlan),
  hosts: z.record(z.string(), where),
  networkPrefix: z.number().optional(),
});
const inputs = Object.keys(shape.shape);
const results = z.record(z.string(), z.record(z.string(), z.object({ reached: z.boolean() })));

export class MeshCheckLifecycle implements Lifecycle {
  constructor(
    private readonly session: Session,
    private readonly look: typeof checkMesh = checkMesh,
  ) {}

  async configure(request: { config: { get(key: string): string | undefined } }): Promise<void> {
    this.session.configure((key) => request.config.get(key));
  }

  async check(_: Props, news: Props): Promise<{ inputs: Props; failures: [] }> {
    return { inputs: only(news, inputs), failures: [] };
  }

  /** The engine asks after all that it depends on was diffed, and in an `up` also changed. */
  async diff(_: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[] }> {
    const same = inputs.every((name) => isDeepStrictEqual(olds[name], news[name]));
    return { changes: !same || this.session.changes || !isGreen(olds["results"]), replaces: [] };
  }

  async create(news: Props): Promise<{ id: string; outs: Props }> {
    return { id: "check", outs: await this.run(news) };
  }

  async update(_: string, __: Props, news: Props): Promise<{ outs: Props }> {
    return { outs: await this.run(news) };
  }

  /** No host is asked: what was seen is of the last `up`. */
  async read(id: string, props: Props): Promise<{ id: string; props: Props; inputs: Props }> {
    return { id, props, inputs: only(props, inputs) };
  }

  async delete(): Promise<void> {}

  private async run(news: Props): Promise<Props> {
    const { plan, hosts, networkPrefix } = shape.parse(only(news, inputs));
    const members = membersOf(
      plan,
      networkPrefix,
      (host) => hosts[host] ?? { endpoint: "" },
      (host, endpoint) => this.session.host(host, endpoint, undefined),
    );
    const found = resultsOf(Object.keys(plan), await this.look({ members }));
    for (const [from, row] of Object.entries(found)) {
      for (const [to, { reached, reason }] of Object.entries(row)) {
        if (!reached) this.session.tell(`check: ${from} does not reach ${to}: ${reason}`);
      }
    }
    return { ...only(news, inputs), results: found };
  }
}

export function resultsOf(names: readonly string[], { cells, absent }: Checked): Results {
  const of = (from: string, to: string): Direction => {
    const out = [from, to].find((name) => absent[name] !== undefined);
    if (out !== undefined) return { reached: false, reason: `${out} took no part: ${absent[out]}` };
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

function reasonOf(cell: Cell): string {
  const networks = `${cell.from}${cell.to}`.includes("/") ? `${cell.from} to ${cell.to}: ` : "";
  const lost = `${networks}${cell.wrong.join(", ")}`;
  const { reason } = cell;
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

function only(props: Props, names: readonly string[]): Props {
  return Object.fromEntries(
    names.flatMap((name) => (props[name] === undefined ? [] : [[name, props[name]]])),
  );
}
