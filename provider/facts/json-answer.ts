/** Answers in JSON: in the form that the program gives them when it is well, or named as what cannot be used. */
import type { z } from "zod";
import { type Answer, UnreadableAnswer } from "../engine/command.js";

/** @param program as a person would run it; its words are in the error */
export function readJson<T>(form: z.ZodType<T>, { stdout, stderr }: Answer, program: readonly string[]): T {
  const read = form.safeParse(parseJson(stdout));
  if (read.success) return read.data;
  throw new UnreadableAnswer(program.join(" "), stdout.trim() === "" ? stderr : stdout);
}

/** undefined if it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
