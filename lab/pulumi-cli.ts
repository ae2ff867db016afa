import type { Log } from "./run.js";
export async function ensurePulumi(_log: Log): Promise<{ folders: string[] }> {
  return { folders: [] };
}
