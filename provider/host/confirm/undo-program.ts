/** The program by which a host takes back a change that nobody confirmed: its text, and where it lies. */
import { type Command, quote } from "../../engine/command.js";
import { surroundings } from "../exec/batch.js";
import { holder, lockFile } from "./lock.js";

export const home = "/etc/dockroute";
export const pending = `${home}/pending`;
export const undo = `${pending}/undo`;
/** Says that the directory for the boot unit's link is ours to remove. */
export const madeWants = `${pending}/made-wants`;
/** The shell that makes the change, and its process group. */
export const maker = `${pending}/maker`;
/** The same of whoever looked last whether the change still waits: that shell may hang, and keep the undo from it. */
export const turn = `${pending}/turn`;
export const last = `${home}/last-undo`;
const units = "/etc/systemd/system";
export const unit = `${units}/dockroute-undo.service`;
export const wants = `${units}/multi-user.target.wants`;
export const link = `${wants}/dockroute-undo.service`;

/**
 * What is left to remove once the undo program is gone; also after a power cut in its middle. A program of the host's
 * that fails is given a second try; the folder goes last, so that where that fails too, who comes next tries again.
 */
export const cleanUp: readonly string[] = [
  "dockroute_clean_up() {",
  "systemctl stop 'dockroute-undo-*.timer' 2>/dev/null",
  `rm -f ${link} ${unit}`,
  `[ ! -e ${madeWants} ] || rmdir ${wants} 2>/dev/null`,
  `[ -e ${unit} ] || [ -L ${link} ] || rm -rf ${pending}`,
  `rmdir ${home} 2>/dev/null`,
  `[ ! -d ${pending} ]`,
  "}",
  "dockroute_clean_up || dockroute_clean_up",
];

/** A change that undoes itself: what it is for, how to take it back, how long it waits for its confirmation. */
export interface Undo {
  readonly why: string;
  readonly commands: readonly Command[];
  readonly token: string;
  readonly seconds: number;
}

/**
 * The undo program as it lies on the host. It needs nothing but the host, a person can read it and run it,
 * and when it was interrupted it can be run again. It is kept where one of its steps failed, so that the next
 * one who comes tries again instead of piling up changes.
 */
export function undoProgram({ why, commands, token }: Undo): string {
  const restart = commands.findLastIndex(({ argv }) => argv[0] === "systemctl" && argv[1] === "restart");
  const rest = restart < 0 ? [] : commands.slice(restart + 1);
  const first = commands.slice(0, commands.length - rest.length);
  return [
    "#!/bin/sh",
    "# Made by dockroute. Takes back a change of this host that nobody confirmed:",
    `#   ${oneLine(why)}`,
    `# Begun by ${oneLine(holder(why))}`,
    `# ${tokenLine(token)}`,
    "# Run by a timer, at boot before Docker starts, by dockroute, or by hand:",
    `#   sh ${undo}`,
    ...surroundings,
    `by=\${1:-hand}`,
    "# Only one at a time; who comes second finds nothing left to do.",
    `[ -d ${pending} ] || exit 0`,
    ...ends,
    `exec 8<${pending}`,
    `flock -w 30 8 || { ! read -r shell group <${turn} || end "$shell" "$group" ${pending}; flock -w 600 8; } || exit 1`,
    `[ -e ${undo} ] || exit 0`,
    "# The unit for boot has its turn only after a boot: then no timer runs.",
    `[ "$by" != boot ] || ! systemctl -q is-active 'dockroute-undo-*.timer' || exit 0`,
    ...endMaker,
    "failures=",
    'failed() { failures="$failures; $1"; }',
    "run() {",
    "  # At boot Docker waits for this program, so this program must not wait for Docker.",
    `  if [ "$by" = boot ] && [ "$1" = systemctl ]; then shift; set -- systemctl --no-block "$@"; fi`,
    '  timeout 300 "$@" 8<&- 9>&-',
    "}",
    "",
    ...(rest.length === 0 ? first.map(undoLine) : [...inTwoSteps(first), ...rest.map(undoLine)]),
    "",
    "# What became of it, for the next one who comes. Then nothing of it is left.",
    `[ -z "$failures" ] && result=undone || result="not undone in full, these steps failed: \${failures#; }"`,
    `printf '%s\\n' "$(date -u +%FT%TZ) by \${by%-rest}: $result: "${quote([oneLine(why)])} >${last}`,
    '[ -z "$failures" ] || exit 1',
    `rm -f ${undo} && sync ${pending}`,
    ...cleanUp,
    "exit 0",
    "",
  ].join("\n");
}

/**
 * Ends a shell that hangs, with its group, and fails where it had to be killed. That it still is this shell, and not
 * another process with its number, is told by the file that it holds, under whichever number: dash keeps a descriptor
 * under another one while a command runs without it.
 */
const ends: readonly string[] = [
  `holds() { for fd in "/proc/$1/fd/"*; do [ ! "$fd" -ef "$2" ] || return 0; done; return 1; }`,
  'end() { ! holds "$1" "$3" || { kill -s TERM -- "-$2"; sleep 1; ! holds "$1" "$3" || { kill -s KILL -- "-$2"; return 1; }; }; } 2>/dev/null',
];

/** A step that hangs would hold the host's lock for as long: when its time is over, its shell is ended with it. */
const endMaker: readonly string[] = [
  `if [ "$by" = timer ] && read -r shell group <${maker} && holds "$shell" ${lockFile}; then`,
  // Who is killed takes nothing along.
  `end "$shell" "$group" ${lockFile} || rm -f ${lockFile}`,
  "fi 2>/dev/null",
];

/**
 * What comes after a restart of a service is done to a service that has started with what came before: Docker
 * must start once with its old bip, and only then loses the key. At boot that start is Docker's own, afterwards.
 */
function inTwoSteps(first: readonly Command[]): readonly string[] {
  return [
    'if [ "$by" != boot-rest ]; then',
    ...first.map(undoLine),
    "fi",
    `if [ "$by" = boot ] && systemd-run --quiet --collect --no-block --unit=dockroute-undo-rest -p After=docker.service -p Wants=docker.service /bin/sh ${undo} boot-rest`,
    "then exit 0; fi",
  ];
}

function undoLine({ argv, stdin, why }: Command): string {
  const line = `run ${quote(argv)}`;
  const fed = stdin === undefined ? `${line} </dev/null` : `printf '%s' ${quote([stdin])} | ${line}`;
  return `${fed} || failed ${quote([oneLine(why)])}`;
}

function oneLine(text: string): string {
  return text.replace(/[^ -~]+/g, " ");
}

export function tokenLine(token: string): string {
  return `Token ${token}`;
}
