/** The holder of a thing on a host: each script of ours names it in its second line. */
import type { Claim } from "../engine/claim.js";
import type { Remembered } from "../engine/kind.js";

/** A resource, told apart from all others on the host. */
export interface Holder extends Pick<Remembered, "stack" | "lastStack"> {
  /** "alpha/to/beta" */
  readonly id: string;
}

/** The holder as the host has it written: "alpha/to/beta of mesh/production". dockroute 0.1.0 wrote the id alone. */
export function inWords({ id, stack }: Holder): string {
  return stack === undefined ? id : `${id} of ${stack}`;
}

/**
 * The owner of a thing that bears these words. undefined if it is this resource.
 *
 * A resource of the same stack is a predecessor or a successor: a host or a peer got another name. Another stack is a
 * stranger, also if it gives its resource the same id.
 */
export function ownerOf(words: string | undefined, me: Holder): Claim["notOurs"] {
  if (words === undefined) return undefined;
  const [id = "", stack] = words.split(" of ");
  const isOurStack =
    stack === undefined || me.stack === undefined || stack === me.stack || stack === me.lastStack;
  if (isOurStack) return id === me.id ? undefined : "another resource's";
  return {
    property: "host",
    reason:
      `${id} of the stack ${stack} holds this on the host; two stacks cannot share one Docker host: take the host out of one ` +
      "of them and run `pulumi up` there first",
  };
}
