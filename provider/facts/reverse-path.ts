/** rp_filter: the kernel's drop of packets that come in by another link than the way back would take. */
import type { Answer, Command } from "../engine/command.js";
import { fact } from "../engine/fact.js";
import { type Family, v4 } from "../plan/family.js";

/** IPv6 has no such setting, so the answer for it names no link. */
export function question({ proc }: Family = v4): Command {
  return {
    why: "read which links check the way back of what comes in",
    argv: ["sh", "-c", `cd ${proc}/conf && grep . */rp_filter`],
    quick: ["settings", `${proc}/conf`, "rp_filter"],
    lasting: true,
  };
}

/** The links on which it is strict. Of a link's own value and that of `all` the higher one holds; 2 is loose. */
function readStrict({ stdout }: Answer): ReadonlySet<string> {
  const values = new Map(
    [...stdout.matchAll(/^(\S+)\/rp_filter:(\d)$/gm)].map(([, link = "", value]) => [link, Number(value)]),
  );
  const least = values.get("all") ?? 0;
  const strict = [...values].filter(([, value]) => Math.max(value, least) === 1);
  return new Set(strict.map(([link]) => link).filter((link) => link !== "all" && link !== "default"));
}

export function strictLinks(family: Family = v4) {
  return fact([question(family)], readStrict);
}
