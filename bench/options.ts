/** The options of `npm run bench --`. */
import { parseArgs } from "node:util";
import { toolNames } from "./tools.js";

export const { values } = parseArgs({
  options: {
    /** Parts: engine, memory, compare, data; `report` writes the documents anew from the figures that are there. */
    only: { type: "string", default: "engine,memory,compare,data" },
    /** Numbers of hosts; a colon and what follows are delays of its own: "4,8,16:0". */
    hosts: { type: "string", default: "4,8" },
    /** Milliseconds that a round trip to a host takes longer. */
    delays: { type: "string", default: "0,20,80" },
    /** Numbers of hosts that the part memory plays. */
    names: { type: "string", default: "8,32" },
    tools: { type: "string", default: toolNames.join(",") },
    runs: { type: "string", default: "3" },
    /** Of the data path, and the seconds of each stream in it. */
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "5" },
    prefix: { type: "string", default: "bench" },
    /** Leaves docs/ as it is. */
    dry: { type: "boolean", default: false },
  },
});

export interface Size {
  readonly hosts: number;
  readonly delays: readonly number[];
}

export const numbers = (text: string): readonly number[] => text.split(/[,/]/).map(Number);
export const sizes = values.hosts.split(",").map((text): Size => {
  const [hosts, delays = values.delays] = text.split(":");
  return { hosts: Number(hosts), delays: numbers(delays) };
});
export const parts = values.only.split(",");
export const runs = Number(values.runs);
