/** Lines for the person at the console: each goes to the engine with the resource that it is about. */
import { AsyncLocalStorage } from "node:async_hooks";
import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb.js";

export class Lines {
  readonly #urn = new AsyncLocalStorage<string>();
  readonly #sent = new Set<Promise<void>>();
  #engine: EngineClient | undefined;

  /** The engine's address comes as an argument, with the handshake, or with `attach`. */
  connect(address: string): void {
    this.#engine?.close();
    this.#engine = new EngineClient(address, credentials.createInsecure());
  }

  /** Lines of this work are about the resource. The answer waits for them, or the engine could be gone before. */
  async about<T>(urn: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#urn.run(urn, work);
    } finally {
      await Promise.all(this.#sent);
    }
  }

  print(line: string): void {
    const engine = this.#engine;
    if (engine === undefined) {
      console.error(line);
      return;
    }
    const request = new LogRequest()
      .setSeverity(LogSeverity.INFO)
      .setUrn(this.#urn.getStore() ?? "")
      .setMessage(line);
    const sent = new Promise<void>((resolve) => {
      engine.log(request, (error) => {
        if (error !== null) console.error(line);
        resolve();
      });
    }).finally(() => this.#sent.delete(sent));
    this.#sent.add(sent);
  }

  /** Work whose lines are about no resource, such as how far a run is. */
  aboutNone<T>(work: () => T): T {
    return this.#urn.run("", work);
  }
}
