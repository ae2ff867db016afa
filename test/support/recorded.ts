/** Answers of real hosts, as `npm run lab -- record` saved them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Moment, Recorded } from "../../lab/record.js";
import type { Answer, Command } from "../../provider/engine/command.js";
import type { Fact } from "../../provider/engine/fact.js";

const folder = join(__dirname, "../fixtures");

/** One a Docker version: docker20, docker26, docker28. Recordings of an older form have no such moments. */
export const images = readdirSync(folder)
  .filter((image) => existsSync(join(folder, image, "ours.json")))
  .sort();

export type When = "fresh" | "ours" | "undone" | "networks";

const unreachable = "RTNETLINK answers: Network is unreachable\n";
const read = new Map<string, Moment>();

export function moment(image: string, when: When): Moment {
  const path = join(folder, image, `${when}.json`);
  const found = read.get(path) ?? (JSON.parse(readFileSync(path, "utf8")) as Moment);
  read.set(path, found);
  return found;
}

/** The answer to exactly this question: one that was never recorded is a fault of the fixtures. */
export function answer(image: string, when: When, question: Command): Answer {
  const key = question.argv.join(" ");
  const found = moment(image, when).answers.find(({ argv }: Recorded) => argv.join(" ") === key);
  if (found !== undefined) return found;
  // A test may make up an address, to which the recorded host would have had the way of its default route or none.
  if (question.argv[4] === "get") return { code: 2, stdout: "", stderr: unreachable };
  throw new Error(`${image} was never asked: ${key}; record the fixtures anew`);
}

export function answers(image: string, when: When, questions: readonly Command[]): readonly Answer[] {
  return questions.map((question) => answer(image, when, question));
}

/** A fact of a recorded host. */
export function shown<T>(image: string, when: When, fact: Fact<T>): T {
  return fact.read(answers(image, when, fact.ask(undefined)), undefined);
}

/** The value that a fact of one question reads from an answer. */
export function readFrom<T>(fact: Fact<T>, answered: Answer): T {
  return fact.read([answered], undefined);
}

export const said = (stdout: string, code = 0): Answer => ({ code, stdout, stderr: "" });

/** The lines that a table compares: each command's words, and why. */
export function inWords(commands: readonly Command[]): readonly string[] {
  return commands.map(({ why, argv, quick, risk, probe }) => {
    if (probe === true) return `probe  # ${why}`;
    const words = quick?.[0] === "write" || quick?.[0] === "link" ? quick : argv;
    return `${words.join(" ")}  # ${why}${risk ? ` (${risk})` : ""}`;
  });
}
