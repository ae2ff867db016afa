/** The promises, row by row. The tests of a promise begin their titles with its letter. */
import type { Line } from "./lines.js";

export interface Promise_ {
  readonly letter: string;
  readonly promise: string;
  readonly fault: string;
  /** Points of the sweeps that bear on it. */
  readonly points?: (line: Line) => boolean;
}

const by =
  (wanted: string) =>
  ({ fault }: Line): boolean =>
    fault === wanted;

export const promises: readonly Promise_[] = [
  {
    letter: "A1",
    promise: "A link that is cut never leaves a half host",
    fault: "every connection reset after each point, at every second one for longer than the host waits",
    points: by("link cut"),
  },
  {
    letter: "A2",
    promise: "A link that is back before the time is over: never both, kept and taken back",
    fault: "the same, at the others for 2 s",
    points: by("link cut"),
  },
  {
    letter: "A3",
    promise: "A half-open link does not hang",
    fault: "packets stop without a reset",
  },
  {
    letter: "A4",
    promise: "The client's death leaves no half host",
    fault: "kill -9 of all of it, of the provider process, of the engine, in turn, at each point",
    points: by("client killed"),
  },
  { letter: "A5", promise: "Ctrl-C, once and twice", fault: "SIGINT" },
  {
    letter: "A6",
    promise: "Power cut: it boots, is reached, old or new and never a mix",
    fault:
      "the host's process 1 killed at each point, booted again (what is in the page cache is not lost then); a sample on virtual machines, where pages that were not written are lost",
    points: by("power cut"),
  },
  { letter: "A7", promise: "A clean reboot in the middle", fault: "systemctl reboot" },
  {
    letter: "A8",
    promise: "What was made survives a reboot",
    fault: "reboot after success",
  },
  {
    letter: "A9",
    promise: "What nobody confirmed does not survive one",
    fault: "power cut between the last step and the confirmation",
  },
  {
    letter: "A10",
    promise: "An undo that was interrupted is finished",
    fault: "power cut during the undo",
  },
  {
    letter: "A11",
    promise: "An undo that fails is told, and nothing is piled up on it",
    fault: "a step of the undo fails",
  },
  { letter: "A12", promise: "Clocks may lie", fault: "the host's or client's clock" },
  {
    letter: "B1",
    promise: "A range over what the host is reached by is refused",
    fault: "the host's own address, the client's, a second card",
  },
  {
    letter: "B2",
    promise: "What preflight cannot see is reverted",
    fault: "asymmetric policy routing",
  },
  {
    letter: "B3",
    promise: "The confirmation needs a new connection",
    fault: "new connections dropped, old ones pass",
  },
  {
    letter: "B4",
    promise: "A harmless change is not rolled back",
    fault: "an unrelated change meanwhile",
  },
  {
    letter: "B5",
    promise: "An overlapping bip is refused",
    fault: "a user-defined network, a second card",
  },
  {
    letter: "B6",
    promise: "Docker does not start with it: the old file comes back",
    fault: "restart fails",
  },
  { letter: "B7", promise: "Docker hangs at start", fault: "the restart does not end" },
  {
    letter: "B8",
    promise: "Containers that will not come back are named before",
    fault: "a container without a restart policy",
  },
  {
    letter: "B9",
    promise: "Delete is as safe as create",
    fault: "every fault at every point of delete",
    points: ({ run }) => run.endsWith(" delete"),
  },
  {
    letter: "B10",
    promise: "Containers are not opened to the network",
    fault: "a stranger knocks throughout",
  },
  { letter: "C1", promise: "Two operators, one stack", fault: "a second up" },
  {
    letter: "C2",
    promise: "Two stacks, one host: never two changes at once",
    fault: "both run; the first is killed",
  },
  {
    letter: "C3",
    promise: "One host of many fails alone",
    fault: "sshd refuses",
  },
  {
    letter: "C4",
    promise: "Never all Dockers at once, none after a failure",
    fault: "restarts are logged; one fails",
  },
  { letter: "C5", promise: "A slow fleet", fault: "far hosts" },
  { letter: "C6", promise: "Random walks", fault: "joins, leaves, pins, drift, faults" },
  {
    letter: "D1",
    promise: "Each way to become root gives the same",
    fault: "root, a user with passwordless sudo, root without sudo",
  },
  {
    letter: "D2",
    promise: "A sudo that wants a password never hangs",
    fault: "a password, an expired one, requiretty, a slow one",
  },
  {
    letter: "D3",
    promise: "Every usual way in works",
    fault: "ports, IPv6, jump hosts, agents, encrypted keys",
  },
  {
    letter: "D4",
    promise: "A Docker that cannot be served is refused, never half served",
    fault: "absent, stopped, rootless, snap, no iptables",
  },
  {
    letter: "D5",
    promise: "A file that cannot be replaced is refused before the restart",
    fault: "read-only /etc, a symlink, a bind mount, an immutable file",
  },
  { letter: "D6", promise: "A full disk costs no file", fault: "no room at each write" },
  {
    letter: "D7",
    promise: "Strange shells and outputs are read right or refused",
    fault: "fish, csh, profiles that print, floods",
  },
  {
    letter: "D8",
    promise: "What others move comes back or is shown",
    fault: "firewalld, iptables-restore, ufw, networkd",
  },
  {
    letter: "D9",
    promise: "daemon.json belongs to the person",
    fault: "comments, order, indentation, unknown keys",
  },
  { letter: "E1", promise: "A second up has nothing to do", fault: "up, preview, up, refresh, preview" },
  { letter: "E2", promise: "destroy leaves a host as it was", fault: "export, import, destroy" },
  { letter: "E3", promise: "What disappears is found and made again", fault: "removed by hand" },
  { letter: "E4", promise: "Drift is shown as old and new value", fault: "changed by hand" },
  {
    letter: "E5",
    promise: "What is there already is adopted, what is another's refused",
    fault: "made by hand before",
  },
  {
    letter: "E6",
    promise: "Each input's change is an update or a replacement, as declared",
    fault: "each input in turn",
  },
  { letter: "E7", promise: "State of an earlier version is understood", fault: "recorded states" },
  { letter: "E8", promise: "A preview changes nothing", fault: "preview on fresh hosts" },
  {
    letter: "E9",
    promise: "A host that is gone for good is forgotten, by name",
    fault: "powered off for ever",
  },
  { letter: "F1", promise: "No input reaches a shell unjudged", fault: "hostile strings" },
  {
    letter: "F2",
    promise: "Another host key is refused before any credential is sent",
    fault: "changed, unknown, revoked",
  },
  { letter: "F3", promise: "Nobody stands between", fault: "a proxy with a key of its own" },
  {
    letter: "F4",
    promise: "A hostile host does no harm",
    fault: "garbage in place of each program's output",
    points: by("program prints garbage"),
  },
  { letter: "F5", promise: "Nobody's file is written through a link of theirs", fault: "links laid before" },
  { letter: "F6", promise: "What is installed is what was published", fault: "lock file, audit" },
  {
    letter: "-",
    promise: "A program that fails or hangs leaves the old or the new state, and a message",
    fault: "each program in turn ends with 1, or not before the client has given it up",
    points: ({ fault }) => fault === "program fails" || fault === "program hangs",
  },
];

export const notTried: readonly string[] = [
  "Loss of writes that were not synced, but for the runs on docker28+vm: the lab's other hosts share the outer kernel, whose page cache outlives their power cut.",
  "The host's own clock: the lab's hosts share that of the outer machine. The timer of an undo is monotonic, which A12 sees.",
];
