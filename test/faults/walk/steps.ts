/** Steps that may happen next to a mesh, drawn by fast-check; one that does not fit the mesh as it is gives way. */
import fc from "fast-check";
import { type Fault, faults } from "../faults.js";

export const names = ["alpha", "beta", "gamma"] as const;
export type Name = (typeof names)[number];

/** Changes that a person might make on a host by hand; each is mended by the next up. */
export const drifts = {
  "its routes are gone": "ip route flush proto 219",
  // A host without peers has none.
  "its rules are gone": "! nft list table ip dockroute >/dev/null 2>&1 || nft delete table ip dockroute",
  "the scripts for boot are gone": "rm -rf /etc/dockroute/scripts",
  "the units are disabled": "systemctl disable --quiet dockroute.service dockroute-boot.service",
  "a unit is gone": "rm -f /etc/systemd/system/dockroute-repair.service; systemctl daemon-reload",
} as const;

export type Step =
  | { readonly does: "join" | "leave" | "unpin" | "reboot"; readonly name: Name }
  | { readonly does: "pin"; readonly name: Name; readonly part: number }
  | { readonly does: "drift"; readonly name: Name; readonly what: keyof typeof drifts }
  /** In the up after it, and after a pin where one is free, so that something is to be done there. */
  | {
      readonly does: "fault";
      readonly name: Name;
      readonly fault: Fault;
      readonly n: number;
      readonly part: number;
    };

const name = fc.constantFrom(...names);
const part = fc.integer({ min: 8, max: 60 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ does: fc.constant("join" as const), name }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("leave" as const), name }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("pin" as const), name, part }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("unpin" as const), name }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("reboot" as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant("drift" as const),
      name,
      what: fc.constantFrom(...(Object.keys(drifts) as (keyof typeof drifts)[])),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("fault" as const),
      name,
      fault: fc.constantFrom<Fault>(...faults),
      n: fc.integer({ min: 1, max: 140 }),
      part,
    }),
  },
);

/** The same seed gives the same walk, however long it is taken: a longer one begins with the shorter one. */
export function* walkOf(seed: number): Generator<Step> {
  for (let at = 0; ; at++) yield fc.sample(step, { seed: seed + at, numRuns: 1 })[0] as Step;
}

/** The mesh as its config has it. */
export class Model {
  readonly members = new Map<Name, { pin?: number }>();
  /** The part that each host holds, by the stack's own output. */
  parts: ReadonlyMap<string, number> = new Map();

  /** Does the step to the model; false where it does not fit. */
  take(step: Step): boolean {
    const member = this.members.get(step.name);
    switch (step.does) {
      case "join":
        if (member !== undefined) return false;
        this.members.set(step.name, {});
        return true;
      case "leave":
        return this.members.size > 1 && this.members.delete(step.name);
      case "unpin":
        if (member?.pin === undefined) return false;
        delete member.pin;
        return true;
      case "pin":
      case "fault":
        if (member === undefined || this.taken(step.part)) return false;
        member.pin = step.part;
        return true;
      case "drift":
      case "reboot":
        return member !== undefined;
    }
  }

  private taken(part: number): boolean {
    return [...this.parts.values(), ...[...this.members.values()].map(({ pin }) => pin)].includes(part);
  }
}

export function inWords(step: Step): string {
  switch (step.does) {
    case "pin":
      return `${step.name} is pinned to 172.30.${step.part}.0/24`;
    case "drift":
      return `${step.name}: ${step.what}`;
    case "fault":
      return `${step.name} is pinned to 172.30.${step.part}.0/24, ${step.fault} at its call ${step.n}`;
    default:
      return `${step.name}: ${step.does}`;
  }
}
