/** Shell lines around a change that can be undone: arming it, confirming it, taking it back, finishing a dead one's. */
import { quote } from "../../engine/command.js";
import { lockFile } from "./lock.js";
import {
  cleanUp,
  home,
  last,
  link,
  madeWants,
  maker,
  pending,
  tokenLine,
  turn,
  type Undo,
  undo,
  undoProgram,
  unit,
  wants,
} from "./undo-program.js";

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
    forgetUnit,
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
    // From its removal on it is confirmed, also where the disk does not say so.
    ...whileOurs("dockroute_confirm", token, "-w 60", `rm -f ${undo} && { sync ${pending} || sync || :; }`),
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
    forgetUnit,
    `rm -f ${lockFile}`,
    "fi",
  ];
}

/** A shell function that does something only while the change with this token waits and nothing undoes it. */
function whileOurs(name: string, token: string, wait: string, what: string): readonly string[] {
  // A full disk is no reason to stop: then nobody knows whom to end.
  const note = `{ read -r a b c e group rest </proc/$$/stat && echo "$$ $group" >${turn} || :; } 2>/dev/null`;
  return [
    `${name}() {`,
    `{ flock ${wait} 8 && ${note} && grep -qx '# ${tokenLine(token)}' ${undo} && ${what}; } 8<${pending}`,
    "}",
  ];
}
