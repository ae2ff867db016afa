import { DockrouteError } from "../../engine/errors/error.js";
import { ConnectionLost, Unreachable } from "../../engine/errors/host.js";
import { batch } from "../exec/batch.js";
import { type Reach, run } from "../exec/reach.js";
import type { Link } from "../login/link.js";
import { keep, takeBack } from "./script.js";

/** The state of a change that was to be undone. "nothing": the host knows of none to undo. */
export interface Outcome {
  readonly state: "undone" | "failed" | "nothing" | "unknown";
  readonly said: string;
}

/**
 * Confirms a change over a new login, which shows that the next one can be made too: an old connection may live on
 * where a new one finds no way.
 */
export async function confirm(reach: Reach, token: string, why: string): Promise<void> {
  const link = await reach.fresh();
  try {
    const work = batch([], { stopAtFailure: true, before: keep(token) });
    const report = await run(reach, link, work, `confirm the change to ${why}`);
    if (!report.told.has("confirmed")) throw new Error("the host took it back before it could be confirmed.");
  } finally {
    link.close();
  }
}

/** Undoes now, over whichever connection works. Never throws: it is called to explain another error. */
export async function undoNow(reach: Reach, token: string, why: string): Promise<Outcome> {
  try {
    return await undoOver(reach, await reach.shared(), token, why);
  } catch (error) {
    if (!(error instanceof DockrouteError)) throw error;
  }
  try {
    const link = await reach.fresh();
    return await undoOver(reach, link, token, why).finally(() => link.close());
  } catch (error) {
    return { state: "unknown", said: reasonOf(error).replace(/\.$/, "") };
  }
}

/** The reason of an error, without the advice that it gives where it stands alone. */
export function reasonOf(error: unknown): string {
  if (error instanceof Unreachable) return `a new connection could not be made: ${error.reason}.`;
  if (error instanceof ConnectionLost)
    return `the connection was lost at the step "${error.why}": ${error.reason}.`;
  return error instanceof Error ? error.message : String(error);
}

async function undoOver(reach: Reach, link: Link, token: string, why: string): Promise<Outcome> {
  const work = batch([], { stopAtFailure: true, before: takeBack(token) });
  // An undo restarts Docker without a word for as long as that takes; a dead link is found by the keepalive.
  const patient = { ...reach, limits: { idle: 0, total: 900 } };
  const report = await run(patient, link, work, `undo the change to ${why}`);
  const failed = report.told.get("failed")?.[0];
  if (failed !== undefined) return { state: "failed", said: failed };
  const said = report.told.get("undone")?.[0] ?? "";
  return { state: said === "" ? "nothing" : "undone", said };
}
