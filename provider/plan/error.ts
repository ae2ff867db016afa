/** One fault of a mesh's config: where it is, and in words the value, the rule and what is allowed. */
export interface PlanFault {
  /** The config's own path, "hosts[2].subnet". */
  readonly property: string;
  readonly reason: string;
}

/**
 * A mesh, or its LANs, cannot be planned: every fault at once, so that a config is put right in one go.
 *
 * @example
 * try {
 *   planMesh(config);
 * } catch (error) {
 *   if (error instanceof PlanError) for (const { property, reason } of error.faults) console.error(property, reason);
 * }
 */
export class PlanError extends Error {
  constructor(
    readonly faults: readonly PlanFault[],
    what = "the mesh",
  ) {
    super(
      `${what} cannot be planned:\n${faults.map(({ property, reason }) => ` - ${property}: ${reason}`).join("\n")}`,
    );
    this.name = "PlanError";
  }
}
