/**
 * iptables: chains, jumps and rules that a script on the host makes by one listing and one `iptables-restore`. What is to
 * be inserted or removed is decided by the script's own shell, so that no program is started for it.
 */
import { quote, type ShellText } from "../engine/command.js";
import { type Family, v4 } from "../plan/family.js";
import type { Rule, Table } from "./iptables.js";

export interface Loaded {
  /** Filled anew. No other chain is touched. */
  readonly chains: readonly {
    readonly table: Table;
    readonly chain: string;
    readonly rules: readonly Rule[];
  }[];
  /** Put at the top of a chain that has not got the rule. One that has it keeps it at its place. */
  readonly jumps: readonly Jump[];
  /** Chains of Docker's in `filter`, made where Docker has not made them yet. Docker uses them as they are. */
  readonly dockers?: readonly string[];
  /** A rule of FORWARD. */
  readonly last?: Last;
}

interface Jump {
  readonly table: Table;
  readonly from: string;
  readonly rule: Rule;
  /** It is put at the top again if another rule stands above it. */
  readonly first?: true;
}

export interface Last {
  readonly rule: Rule;
  /**
   * - "while open": the last rule while Docker's rules are there and yet let everybody in, because FORWARD's policy is
   *   ACCEPT; otherwise it is taken away.
   * - "never": it is taken away.
   */
  readonly stands: "while open" | "never";
}

/** True in the script's shell after a `load` whose last rule may stand: Docker's rules are there, FORWARD jumps to DOCKER-USER. */
export const dockersAreThere = '[ -n "$dockers" ]';

/** The first try fails for no reason of its own if another program changed the rules after the listing. */
export function load(wanted: Loaded, { iptables }: Family = v4): ShellText {
  const { jumps, dockers = [], last } = wanted;
  const text = [
    "load_rules() {",
    `  rules=$(${iptables}-save) || return`,
    "  table=''",
    ...jumps.map(
      (jump, at) => `  jump_${at}=${quote([insert(jump)])}${jump.first ? ` drop_${at}='' top_${at}=''` : ""}`,
    ),
    ...dockers.map((chain, at) => `  make_${at}=${quote([`-N ${chain}`])}`),
    ...(last === undefined ? [] : ["  drop=''"]),
    ...(last?.stands === "while open" ? ["  dockers='' open=yes add='' bottom=''"] : []),
    ...walk(wanted),
    ...jumps.flatMap(keepAtTop),
    ...(last?.stands === "while open" ? keepAtBottom(last.rule) : []),
    `  ${iptables}-restore -w --noflush <<DOCKROUTE`,
    ...tablesOf(wanted).flatMap((table) => restored(table, wanted)),
    "DOCKROUTE",
    "}",
    "load_rules 2>/dev/null || load_rules",
  ];
  return { shell: text.join("\n") };
}

/** Each line of the listing with its table before it: "*filter-A FORWARD -j DOCKER-USER". */
function walk(wanted: Loaded): readonly string[] {
  const ends = endsOf(wanted);
  return [
    "  IFS='",
    "'",
    "  set -f",
    "  for line in $rules; do",
    "    case $line in '*'*) table=$line ;; esac",
    "    case $table$line in",
    ...foundOf(wanted),
    "    esac",
    ...(ends.length === 0 ? [] : ["    case $table$line in", ...ends, "    esac"]),
    "  done",
    "  set +f",
    "  unset IFS",
  ];
}

const ofDocker = [
  arm(inTable(ofForward(["-j", "DOCKER-USER"])), "dockers=yes"),
  // The policy of FORWARD, or a rule of Docker 28 and later for each bridge, drops what no rule lets in.
  "      '*filter:FORWARD DROP '*|'*filter-A DOCKER ! -i '*) open='' ;;",
];

function foundOf({ jumps, dockers = [], last }: Loaded): readonly string[] {
  const ofLast = last === undefined ? [] : [ofForward(last.rule)];
  return [
    ...jumps.map((jump, at) =>
      arm(inTable(jump), jump.first ? `drop_${at}=${quote([drop(jump)])}` : `jump_${at}=''`),
    ),
    ...dockers.map((chain, at) => arm(`*filter:${chain} `, `make_${at}=''`, "*")),
    ...ofLast.map((rule) => arm(inTable(rule), `drop=${quote([drop(rule)])}`)),
    ...(last?.stands === "while open" ? ofDocker : []),
  ];
}

/** The first rules of the chains whose jumps stand first, and the last one of FORWARD. */
function endsOf({ jumps, last }: Loaded): readonly string[] {
  return [
    ...jumps.flatMap(({ table, from, first }, at) =>
      first ? [arm(`*${table}-A ${from} `, `top_${at}=\${top_${at}:-$line}`, "*")] : [],
    ),
    ...(last?.stands === "while open" ? [arm("*filter-A FORWARD ", "bottom=$line", "*")] : []),
  ];
}

function arm(text: string, does: string, rest = ""): string {
  return `      ${quote([text])}${rest}) ${does} ;;`;
}

function keepAtTop(jump: Jump, at: number): readonly string[] {
  if (jump.first !== true) return [];
  return [`  [ "$top_${at}" != ${quote([added(jump)])} ] || drop_${at}='' jump_${at}=''`];
}

function keepAtBottom(rule: Rule): readonly string[] {
  const text = added(ofForward(rule));
  return [
    `  ${dockersAreThere} || open=''`,
    `  [ -z "$open" ] || add=${quote([text])}`,
    `  [ -z "$open" ] || [ "$bottom" != "$add" ] || drop='' add=''`,
  ];
}

/** A table is one transaction. */
function restored(table: Table, { chains, jumps, dockers = [], last }: Loaded): readonly string[] {
  return [
    `*${table}`,
    ...(table === "filter" ? dockers.map((_, at) => `$make_${at}`) : []),
    ...chains
      .filter((each) => each.table === table)
      .flatMap(({ chain, rules }) => [
        `:${chain} - [0:0]`,
        ...rules.map((rule) => inHere(added({ from: chain, rule }))),
      ]),
    ...jumps.flatMap((jump, at) =>
      jump.table === table ? [...(jump.first ? [`$drop_${at}`] : []), `$jump_${at}`] : [],
    ),
    ...(table === "filter" && last !== undefined ? ["$drop"] : []),
    ...(table === "filter" && last?.stands === "while open" ? ["$add"] : []),
    "COMMIT",
  ];
}

function tablesOf({ chains, jumps, dockers = [], last }: Loaded): readonly Table[] {
  const others: readonly Table[] = dockers.length > 0 || last !== undefined ? ["filter"] : [];
  return [...new Set([...[...chains, ...jumps].map(({ table }) => table), ...others])];
}

type At = Pick<Jump, "from" | "rule">;

function ofForward(rule: Rule): Jump {
  return { table: "filter", from: "FORWARD", rule };
}

function inTable(jump: Jump): string {
  return `*${jump.table}${added(jump)}`;
}

function added({ from, rule }: At): string {
  return `-A ${from} ${rule.join(" ")}`;
}

function insert({ from, rule }: At): string {
  return `-I ${from} ${rule.join(" ")}`;
}

function drop({ from, rule }: At): string {
  return `-D ${from} ${rule.join(" ")}`;
}

/** In a here-document the shell looks for these. */
function inHere(text: string): string {
  return text.replace(/[$`\\]/g, "\\$&");
}
