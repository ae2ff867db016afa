/** The entry of `pulumi-resource-dockroute`: the engine starts it, reads the port that it prints, and calls it there. */
import { z } from "zod";
import { asset } from "../../engine/asset.js";
import { endWithEngine } from "../lifecycle/end-with-engine.js";
import { kinds, questions } from "../lifecycle/kinds.js";
import { Session } from "../lifecycle/session.js";
import { Lines } from "./lines.js";
import { Provider } from "./provider.js";
import { serve } from "./server.js";

class PluginSession extends Session {
  constructor(private readonly lines: Lines) {
    super(questions);
  }

  protected override print(line: string): void {
    this.lines.print(line);
  }

  protected override tellStack(text: string): void {
    this.lines.aboutNone(() => this.tell(text));
  }
}

/** @param engine the engine's address, where it gives one as an argument */
export async function main([engine]: readonly string[]): Promise<void> {
  const lines = new Lines();
  if (engine !== undefined) lines.connect(engine);
  const session = new PluginSession(lines);
  const lifecycles = Object.entries(kinds).map(
    ([name, { lifecycle }]) => [name, lifecycle(session)] as const,
  );
  const schema = asset("shells/plugin/schema.json");
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(schema));
  const provider = new Provider(new Map(lifecycles));
  const port = await serve({ provider, session, lines, schema, version });
  endWithEngine();
  // The engine reads the first line as the port, so nothing else may be printed there before.
  console.log(String(port));
}
