/** What is promised, row by row. The tests of a promise begin their titles with its letter. */
import type { Row } from "./results.js";

export interface Promise_ {
  readonly letter: string;
  readonly promise: string;
  readonly fault: string;
  /** Points of the sweeps that bear on it. */
  readonly rows?: (row: Row) => boolean;
}

const by =
  (fault: string, more: (row: Row) => boolean = () => true) =>
  (row: Row): boolean =>
    row.fault === fault && more(row);

export const promises: readonly Promise_[] = [
  {
    letter: "A1",
    promise: "A link that is cut never leaves a half host",
    fault: "every connection reset after each point, for longer than the host waits",
    rows: by("link cut", ({ n }) => n % 2 === 1),
  },
  {
    letter: "A2",
    promise: "A link that is back before the time is over: never both, kept and taken back",
    fault: "the same, for 2 s",
    rows: by("link cut", ({ n }) => n % 2 === 0),
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
    rows: by("client killed"),
  },
  { letter: "A5", promise: "Ctrl-C, once and twice", fault: "SIGINT" },
  {
    letter: "A6",
    promise: "Power cut: it boots, is reached, old or new and never a mix",
    fault:
      "the host's process 1 killed at each point, booted again (what is in the page cache is not lost here)",
    rows: by("power cut"),
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
  { letter: "B7", promise: "Docker hangs at start", fault: "the restart sleeps for 10 min" },
  {
    letter: "B8",
    promise: "Containers that will not come back are named before",
    fault: "a container without a restart policy",
  },
  {
    letter: "B9",
    promise: "Delete is as safe as create",
    fault: "every fault at every point of delete",
    rows: ({ run }) => run.endsWith(" delete"),
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
    letter: "E9",
    promise: "A host that is gone for good is forgotten, by name",
    fault: "powered off for ever",
  },
  {
    letter: "F4",
    promise: "A hostile host does no harm",
    fault: "garbage in place of each program's output",
    rows: by("program prints garbage"),
  },
  {
    letter: "-",
    promise: "A program that fails leaves the old or the new state, and a message",
    fault: "each program in turn ends with 1",
    rows: by("program fails"),
  },
];

export const notTried: readonly string[] = [
  "Loss of writes that were not synced: the lab's hosts share the outer kernel, whose page cache outlives their power cut.",
  "D1 to D9, E1 to E8, F1 to F3, F5 and F6 by this bench: test/unit and test/hosts hold what is tested of them.",
];
