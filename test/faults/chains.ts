/** Points of a whole `up` that are tried one after another, each in the `up` that follows the last one's fault. */
import type { Point } from "./points.js";
import type { Place } from "./tripwire.js";

export interface MeshPoint extends Point {
  /** Its place in an `up` that goes on; without it, it is tried only in one from nothing. */
  readonly place?: Place;
  /** Its script comes to its end in spite of the fault: the calls behind it there are not run again. */
  readonly once: boolean;
  /** It belongs to a resource that can be destroyed and made again while the bridges stay. */
  readonly onBridge: boolean;
}

/** By host, in the order of the trace. */
export type Chain = ReadonlyMap<string, readonly MeshPoint[]>;

/** The first is from nothing; the others begin where the bridges stand, and nothing else does. */
export type Row = readonly [Chain, ...Chain[]];

export interface Size {
  /** The number of points of a host in a chain. */
  readonly points: number;
  /** The number of hosts at once; all by default. */
  readonly hosts?: number;
  /** The number of chains that follow the first one of a row; none by default. */
  readonly more?: number;
}

export class Chains {
  private readonly left: Set<MeshPoint>;
  /** The number of `up` that did not come to a point that they were to come to. */
  private readonly passed = new Map<MeshPoint, number>();

  constructor(
    points: readonly MeshPoint[],
    private readonly size: Size,
  ) {
    this.left = new Set(points);
  }

  get length(): number {
    return this.left.size;
  }

  /**
   * Takes points of one fault, evenly spread over what is left. The scripts that come after the bridge's have the most
   * points of which a chain can have but one, so those get chains that need no bridge to be made again.
   */
  next(): Row | undefined {
    const faults = [...new Set([...this.left].map(({ fault }) => fault))];
    const most = faults.sort((a, b) => this.of(b).length - this.of(a).length)[0];
    if (most === undefined) return undefined;
    const first = this.take(this.of(most));
    // A point that was passed by there too is left to one from nothing.
    const later = (point: MeshPoint): boolean =>
      point.onBridge && point.place !== undefined && (this.passed.get(point) ?? 0) < 2;
    const more = Array.from({ length: this.size.more ?? 0 }, () => this.take(this.of(most).filter(later)));
    return [first, ...more.filter(({ size }) => size > 0)];
  }

  private take(points: readonly MeshPoint[]): Chain {
    const hosts = [...new Set(points.map(({ host }) => host))].slice(0, this.size.hosts);
    const chain = new Map(
      hosts.map((host) => [host, this.line(points.filter((point) => point.host === host))]),
    );
    for (const taken of chain.values()) for (const point of taken) this.left.delete(point);
    return chain;
  }

  /** @param passed that it was not come to on the way, so that it is tried first of its host next time */
  putBack(point: MeshPoint, passed: boolean): void {
    this.left.add(point);
    if (passed) this.passed.set(point, (this.passed.get(point) ?? 0) + 1);
  }

  /** True for a point that has to be the first of its host: on the way it is not found. */
  private isFirst(point: MeshPoint): boolean {
    return point.place === undefined || this.passed.has(point);
  }

  private of(fault: string): readonly MeshPoint[] {
    return [...this.left].filter((point) => point.fault === fault);
  }

  /** Of one host, in order. */
  private line(points: readonly MeshPoint[]): readonly MeshPoint[] {
    const inOrder = [...points].sort((a, b) => a.call.n - b.call.n);
    const found = inOrder.filter((point) => !this.isFirst(point));
    const lowest = inOrder.find((point) => this.isFirst(point));
    // Points before it could not be tried in its chain.
    const first = found.every(({ call }) => call.n > (lowest?.call.n ?? 0)) ? lowest : undefined;
    const later = found.filter((point) => point.call.n > (first?.call.n ?? 0));
    // These are the scarce ones: one of a script, its last, so that what may be run again comes before.
    const ends = [
      ...new Map(later.filter(({ once }) => once).map((point) => [point.call.session, point])).values(),
    ];
    const others = later.filter(({ once }) => !once);
    const room = Math.max(0, this.size.points - ends.length - (first === undefined ? 0 : 1));
    const step = Math.max(1, others.length / room);
    const chosen = others.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step));
    const line = [...(first === undefined ? [] : [first]), ...ends, ...chosen.slice(0, room)];
    const ended = new Set<string>();
    return line
      .sort((a, b) => a.call.n - b.call.n)
      .filter(({ once, call: { session } }) => {
        const passed = ended.has(session);
        if (once) ended.add(session);
        return !passed;
      })
      .slice(0, this.size.points);
  }
}
