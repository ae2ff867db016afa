/** Makes and removes single resources on a lab's hosts without the engine: the work of its calls, and no more. */
import type { Lab } from "../../lab/lab.js";
import { converge, remove } from "../../provider/engine/converge.js";
import { type Facts, questionsOf, seenOf } from "../../provider/engine/fact.js";
import type { Kind, OnHost } from "../../provider/engine/kind.js";
import { Rollout } from "../../provider/engine/rollout.js";
import { Hosts } from "../../provider/host/hosts.js";

export class Driver {
  private readonly hosts: Hosts;
  private readonly rollout = new Rollout(9);

  constructor(private readonly lab: Lab) {
    const { privateKeyFile, knownHostsFile } = lab;
    const connection = JSON.stringify({ user: "root", privateKeyFile, knownHostsFile });
    this.hosts = new Hosts(
      (key) => (key === "dockroute:connection" ? connection : undefined),
      () => {},
    );
  }

  async make<I extends OnHost, F extends Facts<I>>(
    kind: Kind<I, F>,
    name: string,
    wish: Omit<I, keyof OnHost>,
  ): Promise<void> {
    const inputs = this.inputs(kind, name, wish);
    await converge(kind, inputs, this.hosts.get(name, inputs.endpoint), this.rollout);
  }

  async remove<I extends OnHost, F extends Facts<I>>(
    kind: Kind<I, F>,
    name: string,
    wish: Omit<I, keyof OnHost>,
  ): Promise<void> {
    const inputs = this.inputs(kind, name, wish);
    await remove(kind, inputs, this.hosts.get(name, inputs.endpoint), this.rollout, () => {});
  }

  /** The words of a preview. */
  async warnings<I extends OnHost, F extends Facts<I>>(
    kind: Kind<I, F>,
    name: string,
    wish: Omit<I, keyof OnHost>,
  ): Promise<readonly string[]> {
    const inputs = this.inputs(kind, name, wish);
    const host = this.hosts.get(name, inputs.endpoint);
    const questions = questionsOf<I>(kind.facts, inputs);
    const seen = seenOf<I, F>(kind.facts, inputs, questions, await host.read(questions, "now"));
    return kind.judge?.(inputs, seen, {}).warn ?? [];
  }

  close(): Promise<void> {
    return this.hosts.close();
  }

  private inputs<I extends OnHost, F extends Facts<I>>(
    kind: Kind<I, F>,
    name: string,
    wish: Omit<I, keyof OnHost>,
  ): I {
    const checked = kind.check({ ...wish, host: name, endpoint: `root@${this.lab.host(name).address}:22` });
    if ("inputs" in checked) return checked.inputs;
    throw new Error(checked.faults.map(({ property, reason }) => `${property}: ${reason}`).join("; "));
  }
}
