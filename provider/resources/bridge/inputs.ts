/** The inputs of a DockerBridge. */
import { z } from "zod";
import type { OnHost } from "../../engine/kind.js";
import { bip, onHost, range } from "../host/inputs.js";

export interface DockerBridgeInputs extends OnHost {
  /**
   * docker0's address with its network: an address in it, not the network's own. A new value restarts Docker.
   * @example "172.30.1.1/24"
   */
  readonly bip: string;
  /**
   * The ranges from which Docker takes the networks that it makes; they may hold the bip. A new value restarts Docker.
   * @default those that Docker had before
   * @example ["172.30.16.0/20"]
   */
  readonly pools?: readonly string[] | undefined;
  /** The size of each such network, a prefix length from 8 to 30. A new value restarts Docker. @default 24 @example 26 */
  readonly networkPrefix?: number | undefined;
}

export const schema = z.strictObject({
  ...onHost,
  bip,
  pools: z.array(range).nonempty().optional(),
  networkPrefix: z.number().int().min(8).max(30).optional(),
});
