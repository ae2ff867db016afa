/** The resources of the sweep, each with two values of what an update may change, and the calls that lead from one state of the host to another. */
import type { Props } from "../../provider/shells/lifecycle/props.js";
import type { Kind } from "./client.js";

export interface Case {
  readonly kind: Kind;
  readonly id: string;
  /** The program's inputs, before and after the update. */
  readonly values: readonly [Props, Props];
}

export const kinds: readonly Kind[] = ["DockerBridge", "PeerRoute", "MasqueradeRule", "ForwardRule"];
export const transitions = ["create", "update", "delete"] as const;
export type Transition = (typeof transitions)[number];

/** @param last the lab's network without its last number: "10.213.1." */
export function cases(host: string, endpoint: string, last: string): readonly Case[] {
  const at = { host, endpoint };
  const range = "172.30.1.0/24";
  const peers = ["172.30.2.0/24", "172.30.3.0/24"];
  return [
    {
      kind: "DockerBridge",
      id: `${host}/bridge`,
      values: [
        { ...at, bip: "172.30.1.1/24" },
        { ...at, bip: "172.30.5.1/24" },
      ],
    },
    {
      kind: "PeerRoute",
      id: `${host}/to/beta`,
      values: [
        { ...at, peer: "beta", destination: "172.30.2.0/24", gateway: `${last}99` },
        { ...at, peer: "beta", destination: "172.30.2.0/24", gateway: `${last}98` },
      ],
    },
    {
      kind: "MasqueradeRule",
      id: `${host}/masquerade`,
      values: [
        { ...at, source: range, exclude: peers.slice(0, 1) },
        { ...at, source: range, exclude: peers },
      ],
    },
    {
      kind: "ForwardRule",
      id: `${host}/forward`,
      values: [
        { ...at, destination: range, sources: [...peers.slice(0, 1), `${last}99/32`] },
        { ...at, destination: range, sources: peers },
      ],
    },
  ];
}
