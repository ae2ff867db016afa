import { type Command, quote } from "../command.js";
import { surroundings } from "./batch.js";
import { holder, lockFile } from "./lock.js";

const home = "/etc/dockroute";
const pending = `${home}/pending`;
const undo = `${pending}/undo`;
/** Says that the directory for the boot unit's link is ours to remove. */
const madeWants = `${pending}/made-wants`;
/** The shell that makes the change, and its process group. */
const maker = `${pending}/maker`;
const last = `${home}/last-undo`;
const units = "/etc/systemd/system";
const unit = `${units}/dockroute-undo.service`;
const wants = `${units}/multi-user.target.wants`;
const link = `${wants}/dockroute-undo.service`;

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
    `exec 8<${pending}`,
    "flock -w 600 8 || exit 1",
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
 * A step that hangs would hold the lock for as long: when its time is over, its shell is ended with it. That it
 * still is this shell, and not another process with its number, is told by the lock that it holds, under
 * whichever number: dash keeps a descriptor under another one while a command runs without it.
 */
const endMaker: readonly string[] = [
  `locks() { for fd in "/proc/$1/fd/"*; do [ ! "$fd" -ef ${lockFile} ] || return 0; done; return 1; }`,
  `if [ "$by" = timer ] && read -r shell group <${maker} && locks "$shell"; then`,
  "kill -s TERM -- -$group; sleep 1",
  `! locks "$shell" || { kill -s KILL -- -$group; rm -f ${lockFile}; }`,
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

function tokenLine(token: string): string {
  return `Token ${token}`;
}

/** Undone at boot means: before Docker starts with what nobody confirmed. */
const bootUnit = `# Made by dockroute, for as long as a change waits for its confirmation.
[Unit]
Description=Take back a change by dockroute that was not confirmed
ConditionPathExists=${undo}
After=local-fs.target
Before=docker.service dockroute-boot.service dockroute.service
[Service]
Type=oneshot
ExecStart=/bin/sh ${undo} boot
[Install]
WantedBy=multi-user.target
`;

/** What is left to remove once the undo program is gone; also after a power cut in its middle. */
const cleanUp: readonly string[] = [
  "systemctl stop 'dockroute-undo-*.timer' 2>/dev/null",
  `rm -f ${link} ${unit}`,
  `[ ! -e ${madeWants} ] || rmdir ${wants} 2>/dev/null`,
  `rm -rf ${pending}`,
  `rmdir ${home} 2>/dev/null`,
];

/** A unit that was there at boot stays in systemd's memory though its file is gone. */
const forgetUnit =
  "systemctl show -p LoadState dockroute-undo.service 2>/dev/null | grep -qx LoadState=loaded && systemctl daemon-reload";

/** Once it is told. */
const forgetLast: readonly string[] = [`rm -f ${last}; rmdir ${home} 2>/dev/null`, forgetUnit];

/** Ends a run that finds an unfinished change: its maker no longer holds the lock, so it is dead. */
export const undoPredecessor: readonly string[] = [
  `if [ -e ${undo} ]; then`,
  `sh ${undo} 'the next change' 9>&- >&2 || { tell stuck "$(cat ${last})"; return 0; }`,
  "fi",
  `if [ -d ${pending} ]; then`,
  ...cleanUp,
  forgetUnit,
  "fi",
  `if [ -s ${last} ]; then`,
  `tell undone-before "$(cat ${last})"`,
  ...forgetLast,
  "fi",
];

/** The same for who only looks: told, not touched. */
export const tellLastUndo: readonly string[] = [
  `[ ! -s ${last} ] || tell undone-before "$(cat ${last})"`,
  `[ ! -d ${pending} ] || tell pending yes`,
];

/** Shell lines that put the undo program and its two triggers in place, or refuse with nothing changed. */
export function armUndo(undoing: Undo): readonly string[] {
  const write = (path: string, text: string) => `printf '%s' ${quote([text])} >${path}`;
  // A name of its own: an earlier undo that failed may still be waiting for its next try.
  const name = `dockroute-undo-${undoing.token.slice(0, 4)}`;
  return [
    "[ -d /run/systemd/system ] || { tell refused 'systemd does not run on this host, and without it a change that cuts the link could not undo itself; boot it with systemd, or leave it out of the config'; return 0; }",
    "armed=0",
    "dockroute_arm() {",
    `systemd-run --quiet --collect --description='Take back a change by dockroute' --unit=${name}-$((armed + 1)) --on-active=${undoing.seconds}s --timer-property=AccuracySec=1s -p Restart=on-failure -p RestartSec=5s -p StartLimitIntervalSec=600 -p StartLimitBurst=3 /bin/sh -c '[ ! -e ${undo} ] || exec /bin/sh ${undo} timer' || return 1`,
    // The next timer stands before the last one goes: at no moment is there none.
    `[ "$armed" -eq 0 ] || systemctl stop "${name}-$armed.timer"`,
    "armed=$((armed + 1))",
    "}",
    ...whileOurs("dockroute_turn", undoing.token, "-n", "dockroute_arm"),
    `mkdir -p ${home} && mkdir -m 700 ${pending} && { [ -d ${wants} ] || { mkdir -p ${wants} && : >${madeWants}; }; } &&`,
    `${write(`${undo}.new`, undoProgram(undoing))} && sh -n ${undo}.new &&`,
    `${write(unit, bootUnit)} && ln -sf ${unit} ${link} &&`,
    `read -r a b c e group rest </proc/$$/stat && echo "$$ $group" >${maker} && trap 'dockroute_mark done; exit 1' TERM &&`,
    `sync ${undo}.new ${unit} ${wants} && mv ${undo}.new ${undo} && sync ${pending} &&`,
    "dockroute_turn || {",
    `rm -f ${undo}`,
    ...cleanUp,
    "tell refused 'the program that would undo the change could not be put on the host; make room in its /etc, and make it writable'",
    "return 0",
    "}",
  ];
}

/** Before each step: the change is still ours, and from now on has its full time again. */
export const takeTurn: readonly string[] = [`dockroute_turn || { tell undone "$(cat ${last})"; return 0; }`];

/**
 * Holds the lock while the client verifies. Each byte from it gives the change its full time again; without
 * one the time runs out and the host undoes the change, so there is no more to be held.
 */
export function holdLock(seconds: number): readonly string[] {
  return [`while [ -n "$(timeout ${seconds + 5} head -c 1)" ]; do dockroute_turn || break; done`];
}

/** The change stays: from the removal of the undo program on, nothing will take it back. */
export function confirmLines(token: string): readonly string[] {
  return [
    ...whileOurs("dockroute_confirm", token, "-w 60", `rm -f ${undo} && sync ${pending}`),
    "if dockroute_confirm; then",
    // Before a word is said: where the link is gone, the first word is the last thing that this shell does.
    ...cleanUp,
    "tell confirmed",
    `else tell undone "$(cat ${last})"; fi`,
  ];
}

/** Undoes now, if that has not yet happened, and says what became of it. */
export function undoLines(token: string): readonly string[] {
  return [
    `if grep -qx '# ${tokenLine(token)}' ${undo} 2>/dev/null; then sh ${undo} dockroute >&2; fi`,
    `if grep -qx '# ${tokenLine(token)}' ${undo} 2>/dev/null; then tell failed "$(cat ${last})"`,
    `else tell undone "$(cat ${last})"`,
    ...forgetLast,
    "fi",
    // What a power cut in the middle of the confirmation left; who holds the lock may be about to make it anew.
    `if [ -d ${pending} ] && [ ! -e ${undo} ] && exec 9>>${lockFile} && flock -n 9; then`,
    ...cleanUp,
    `rm -f ${lockFile}`,
    "fi",
  ];
}

/** A shell function that does something only while the change with this token waits and nothing undoes it. */
function whileOurs(name: string, token: string, wait: string, what: string): readonly string[] {
  return [
    `${name}() {`,
    `{ flock ${wait} 8 && grep -qx '# ${tokenLine(token)}' ${undo} && ${what}; } 8<${pending}`,
    "}",
  ];
}
