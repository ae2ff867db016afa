/** The things as long-lived as the provider process: the stack's config, one connection to each host, the rollout. */
import { z } from "zod";
import { type Command, keyOf } from "../../engine/command.js";
import type { Fault } from "../../engine/errors/fault.js";
import { cannotBeAsked, Unreachable } from "../../engine/errors/host.js";
import type { OnHost } from "../../engine/kind.js";
import { oneLine } from "../../engine/printable.js";
import { Rollout } from "../../engine/rollout.js";
import { wayQuestion } from "../../facts/iproute.js";
import { machineQuestion, readMachine } from "../../facts/machine.js";
import type { Host } from "../../host/host.js";
import { Hosts } from "../../host/hosts.js";
import { endpointAt, hostEntries } from "../../host/login/credentials.js";
import { MeshLint } from "../../lint/hosts.js";
import type { Finding } from "../../lint/mesh.js";
import { Progress } from "./progress.js";
import { hasUnknown, type Props, unknownValue } from "./props.js";

/** Names of a thousand containers and more. */
const longestLine = 20_000;

export class Session {
  private config: (key: string) => string | undefined = () => undefined;
  private readonly hosts = new Hosts(
    (key) => this.config(key),
    (text) => this.tell(text),
  );
  readonly progress = new Progress(
    () => this.hosts.configured().length,
    (text) => this.tellStack(text),
  );
  private rolloutOfThisRun: Rollout | undefined;
  /** True if this operation changes anything: MeshCheck runs only after a change. */
  changes = false;
  private looking = false;
  private ahead = false;

  /** @param questions the questions of all kinds, asked together: one round trip for each host, however many resources it has */
  constructor(private readonly questions: readonly Command[]) {}

  /** Synchronous, because the engine's other calls do not wait for `configure` of a provider. */
  configure(config: (key: string) => string | undefined): void {
    this.config = config;
  }

  /** Lines of the provider are shown by the engine as diagnostics of the stack. */
  tell(text: string): void {
    this.print(oneLine(text, longestLine));
  }

  /** A line that is about no resource, whichever asked first. */
  protected tellStack(text: string): void {
    this.tell(text);
  }

  protected print(line: string): void {
    console.log(line);
  }

  host(name: string, endpoint: string, connection: unknown): Host {
    return this.hosts.get(name, endpoint, connection);
  }

  /** Where ssh goes, where a program does not say it: by its connection, else by the config's host of that name. */
  withEndpoint(news: Props): { readonly props: Props; readonly faults: readonly Fault[] } {
    const { host, endpoint, connection } = news;
    if (endpoint !== undefined || typeof host !== "string") return { props: news, faults: [] };
    if (hasUnknown([host, connection])) return { props: { ...news, endpoint: unknownValue }, faults: [] };
    const found = endpointAt((key) => this.config(key), host, connection);
    if ("faults" in found) return { props: news, faults: found.faults };
    return { props: { ...news, endpoint: found.endpoint }, faults: [] };
  }

  /** The addresses of the config's hosts, by name. */
  get addresses(): ReadonlyMap<string, string> {
    return new Map(hostEntries((key) => this.config(key)).map(({ name, address }) => [name, address]));
  }

  get rollout(): Rollout {
    this.rolloutOfThisRun ??= new Rollout(
      z.coerce.number().int().min(1).catch(1).parse(this.config("dockroute:maxUnavailable")),
      () => this.recoverAll(),
    );
    return this.rolloutOfThisRun;
  }

  /** A pending rollback would restart Docker at a random moment, outside the rollout, so it is finished first. */
  private async recoverAll(): Promise<void> {
    for (const host of this.hosts.configured()) {
      // A failure is reported by the host's own resources.
      if (host.pending) await host.recover().catch(() => {});
    }
  }

  /** True if no resource was declared to this process: its deletes then belong to a destroy. */
  get isDestroying(): boolean {
    return !this.looking;
  }

  /** True if the host is one of the stack's config, whose program gives each a bridge. */
  isInConfig(name: string): boolean {
    return this.hosts.configured().some((host) => host.name === name);
  }

  /** True if nothing of ours stays on the host: all is destroyed, or the config no longer names the host. */
  isLeft(name: string): boolean {
    return this.isDestroying || !this.isInConfig(name);
  }

  /** The engine checks one resource after the other: the first check starts reading all hosts in parallel. */
  startLooking(): void {
    this.looking = true;
    this.lookAhead();
  }

  /** A refresh reads a few resources at a time, often of one host: this reads all hosts in parallel. */
  lookAhead(): void {
    if (this.ahead) return;
    this.ahead = true;
    // A host that cannot be reached is reported by its own resources.
    for (const host of this.hosts.configured()) this.lookAll(host).catch(() => {});
  }

  private mesh: MeshLint | undefined;
  private judged: Promise<void> | undefined;
  private readonly errors: Finding[] = [];
  /**
   * The errors of the mesh as a whole that refuse a resource of this host; warnings are told. The first call returns
   * every error, because the engine stops a preview at the first resource that is refused. Later calls return those
   * of their own host, because an update with `--continue-on-error` goes on with the other resources.
   */
  async lint(host: string): Promise<readonly string[]> {
    const isFirst = this.judged === undefined;
    this.judged ??= this.meshLint()
      .judge()
      .then((found) => void this.noted(found));
    await this.judged;
    return this.errors.filter(({ hosts }) => isFirst || hosts.includes(host)).map(({ text }) => text);
  }

  /** The errors that a host brings which answered too late for the judgement of the mesh. */
  async lintLate(host: string): Promise<readonly string[]> {
    return this.noted(await this.meshLint().judgeWith(host));
  }

  private noted(found: readonly Finding[]): readonly string[] {
    for (const { level, text } of found) if (level === "warning") this.tell(text);
    const errors = found.filter(({ level }) => level === "error");
    this.errors.push(...errors);
    return errors.map(({ text }) => text);
  }

  private meshLint(): MeshLint {
    if (this.mesh !== undefined) return this.mesh;
    const byName = new Map(this.hosts.configured().map((host) => [host.name, host]));
    const hosts = hostEntries((key) => this.config(key)).flatMap((entry) => {
      const host = byName.get(entry.name);
      return host === undefined ? [] : [{ entry, host }];
    });
    const hostPrefix = z.coerce.number().int().catch(24).parse(this.config("dockroute:hostPrefix"));
    this.mesh = new MeshLint({ pool: this.config("dockroute:pool"), hostPrefix, hosts });
    return this.mesh;
  }

  /** Questions of single resources, such as the way to a peer's address: they are asked of every host. */
  private readonly asked = new Map<string, Command>();

  async lookAll(host: Host, own: readonly Command[] = []): Promise<void> {
    await this.progress.look(host.name, () => host.read(this.all(own), "last"));
  }

  /**
   * All questions that this process asks of every host.
   *
   * @param own questions that follow from a resource's own inputs
   */
  all(own: readonly Command[]): readonly Command[] {
    const ahead = this.asked.size === 0 ? this.waysAhead() : [];
    for (const question of [...ahead, ...own]) this.asked.set(keyOf(question), question);
    return [...this.questions, ...this.asked.values()];
  }

  private waysAhead(): readonly Command[] {
    return hostEntries((key) => this.config(key)).map(({ address }) => wayQuestion(address));
  }

  /** No change of ours changes the machine-id, so an answer from before a change is still right. */
  async machine(host: Host): Promise<string | undefined> {
    const [answer] = await host.read([machineQuestion], "last");
    return answer === undefined ? undefined : readMachine(answer);
  }

  /** True if a new endpoint leads to another machine; where it cannot be told, it is taken for the same. */
  async isOtherMachine(
    olds: Readonly<Record<string, unknown>>,
    news: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    const { host, endpoint, connection } = news;
    if (typeof olds["machine"] !== "string" || typeof host !== "string" || typeof endpoint !== "string")
      return false;
    const now = await this.machine(this.host(host, endpoint, connection)).catch(() => undefined);
    return now !== undefined && now !== olds["machine"];
  }

  /** Runs a question of the preview. A host that cannot be reached does not fail the preview; the update fails for it. */
  async reached<T>(inputs: OnHost, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!cannotBeAsked(error)) throw error;
      this.tellOnce(inputs.host, error.message);
      return undefined;
    }
  }

  /** True if the config's `leaving` calls the host gone for good. */
  isGone(name: string): boolean {
    return this.hosts.leaving().some((entry) => entry.name === name && entry.gone);
  }

  /** The sign that a host may still exist; undefined where its address is silent. One that refuses the login exists. */
  async isThere(host: Host): Promise<{ readonly doubt: string } | undefined> {
    try {
      await this.machine(host);
      return { doubt: "" };
    } catch (error) {
      if (!cannotBeAsked(error)) throw error;
      return error instanceof Unreachable && error.silent ? undefined : { doubt: error.reason };
    }
  }

  private readonly told = new Set<string>();
  /** Each resource of an unreachable host meets the same error: the person is told once. */
  tellOnce(host: string, text: string): void {
    if (!this.told.has(host)) this.tell(text);
    this.told.add(host);
  }
}
