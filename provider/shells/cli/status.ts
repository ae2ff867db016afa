/** `npx dockroute status` as a table, and its exit status. */
import type { Count, HostStatus, WayStatus } from "../../check/status.js";
import { type Cell, table } from "./table.js";

/** 0 as wanted, 1 drift, 2 a host was not reached. */
export function exitCode(all: readonly HostStatus[]): number {
  if (all.some(({ reached }) => !reached)) return 2;
  return all.some(({ drift }) => drift.length > 0) ? 1 : 0;
}

/** The table, and below it drift and warnings, one line each. */
export function statusText(all: readonly HostStatus[], colour: boolean): string {
  const heads = ["host", "reached", "Docker", "firewall", "bridge", "wanted", "routes", "rules", "drift"];
  const rows = all.map((each): Cell[] => [
    { text: each.host },
    each.reached ? { text: "yes", tone: "good" } : { text: "no", tone: "bad" },
    { text: each.docker ?? "-" },
    { text: each.firewall ?? "-" },
    { text: each.bridge ?? "-", tone: each.bridge === each.wantedBridge ? "good" : "bad" },
    { text: each.wantedBridge },
    counted(each.routes),
    counted(each.rules),
    each.drift.length === 0
      ? { text: each.reached ? "none" : "not known", tone: each.reached ? "good" : "faint" }
      : { text: `${each.drift.length}`, tone: "bad" },
    { text: each.changed === undefined ? "-" : inUtc(each.changed) },
  ]);
  const notes = all.flatMap(({ host, reason, drift, warnings, ways }) => [
    ...(reason === undefined ? [] : [`${host}: not reached: ${reason}`]),
    ...drift,
    ...warnings,
    ...Object.entries(ways ?? {}).map(([peer, way]) => `${host} to ${peer}: ${wayText(way)}`),
  ]);
  const below = notes.length === 0 ? "" : `\n${notes.map((text) => `  ${text}\n`).join("")}`;
  return table([...heads, "last change"], rows, colour) + below;
}

function counted({ well, wanted }: Count): Cell {
  return { text: `${well} of ${wanted}`, tone: well === wanted ? "good" : "bad" };
}

function wayText({ way, handshake }: WayStatus): string {
  if (way !== "wireguard") return way;
  return `${way}, ${handshake === undefined ? "no handshake yet" : `last handshake ${inUtc(handshake)}`}`;
}

/** "2026-11-21 10:55:39 UTC" */
function inUtc(iso: string): string {
  return iso.replace("T", " ").replace(/\.\d+Z$/, " UTC");
}
