/**
 * Rulesets in an order of their own. Within a chain the order is the meaning and stays; the order of tables
 * and chains is that of their making, which a restart of Docker changes. A table without a rule that lets
 * everything pass is left out: iptables' programs leave such behind where a rule has been, and it does nothing.
 */

/** `iptables-save` without comments and counters, tables and chains by name. */
export function sortIptables(text: string): string[] {
  const blocks: string[][] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) blocks.push([line]);
    else if (line !== "" && !line.startsWith("#") && line !== "COMMIT")
      blocks.at(-1)?.push(withoutCounters(line));
  }
  const chainOf = (line: string): string => /^(?::|-A )(\S+)/.exec(line)?.[1] ?? "";
  return blocks
    .filter(([, ...lines]) => lines.some((line) => !/^:\S+ ACCEPT$/.test(line)))
    .sort((a, b) => compare(a[0] ?? "", b[0] ?? ""))
    .flatMap(([table = "", ...lines]) =>
      lines.sort((a, b) => compare(chainOf(a), chainOf(b))).map((line) => `${table.slice(1)} ${line}`),
    );
}

const withoutCounters = (line: string): string =>
  line.replace(/^\[\d+:\d+\] /, "").replace(/ \[\d+:\d+\]$/, "");

/** `nft -s list ruleset`, one line a statement with its table and chain before it. */
export function sortNft(text: string): string[] {
  const chains = new Map<string, string[]>();
  let path: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim().replace(/counter packets \d+ bytes \d+/g, "counter");
    if (line === "" || line.startsWith("#")) continue;
    if (line === "}") path = path.slice(0, -1);
    // An element list has its braces inside one statement, or a line that does not end in one.
    else if (/^(table|chain|set|map|flowtable|counter|quota|limit|ct) .*\{$/.test(line)) {
      path = [...path, line.slice(0, -2)];
      chains.set(path.join(" "), []);
    } else chains.get(path.join(" "))?.push(line);
  }
  const said = (where: string): boolean =>
    [...chains].some(
      ([path, lines]) =>
        (path === where || path.startsWith(`${where} chain `) || where.startsWith(path)) &&
        lines.some((line) => !/^type .* policy accept;$/.test(line)),
    );
  return [...chains]
    .filter(([where]) => said(where.replace(/ chain .*/, "")))
    .sort(([a], [b]) => compare(a, b))
    .flatMap(([where, lines]) => [where, ...lines.map((line) => `${where}: ${line}`)]);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
