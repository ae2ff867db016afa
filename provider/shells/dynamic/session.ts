/** What lives as long as the provider process: the stack's config, one connection a host, the turns of restarts. */
import { z } from "zod";
import type { Command } from "../../engine/command.js";
import { cannotBeAsked, Unreachable } from "../../engine/errors/host.js";
import { keyOf } from "../../engine/fact.js";
import type { OnHost } from "../../engine/kind.js";
import { oneLine } from "../../engine/printable.js";
import { Rollout } from "../../engine/rollout.js";
import { wayQuestion } from "../../facts/iproute.js";
import { machineQuestion, readMachine } from "../../facts/machine.js";
import type { Host } from "../../host/host.js";
import { Hosts } from "../../host/hosts.js";
import { hostEntries } from "../../host/login/credentials.js";
import { lintHosts } from "../../lint/hosts.js";

/** Names of a thousand containers and more. */
const longestLine = 20_000;

export class Session {
  private config: (key: string) => string | undefined = () => undefined;
  private readonly hosts = new Hosts(
    (key) => this.config(key),
    (text) => this.tell(text),
  );
  private rolloutOfThisRun: Rollout | undefined;
  /** Whether something of this operation differs from what stands: for who acts only after a change. */
  changes = false;
  private looking = false;
  private ahead = false;

  /** @param questions those of all kinds, asked together: one round trip a host, however many resources it has */
  constructor(private readonly questions: readonly Command[]) {}

  /** Synchronous, because the engine's other calls do not wait for `configure` of a provider. */
  configure(config: (key: string) => string | undefined): void {
    this.config = config;
  }

  /** Lines of the provider are shown by the engine as diagnostics of the stack. */
  tell(text: string): void {
    this.print(oneLine(text, longestLine));
  }

  protected print(line: string): void {
    console.log(line);
  }

  host(name: string, endpoint: string, connection: unknown): Host {
    return this.hosts.get(name, endpoint, connection);
  }

  get rollout(): Rollout {
    this.rolloutOfThisRun ??= new Rollout(
      z.coerce.number().int().min(1).catch(1).parse(this.config("dockroute:maxUnavailable")),
      () => this.recoverAll(),
    );
    return this.rolloutOfThisRun;
  }

  /** A host that takes a change back when its time is over restarts its Docker out of turn: better now. */
  private async recoverAll(): Promise<void> {
    for (const host of this.hosts.configured()) {
      // Where that fails, its own resources tell.
      if (host.pending) await host.recover().catch(() => {});
    }
  }

  /** Whether nothing was declared to this process: then what it deletes, it deletes for a destroy. */
  get isDestroying(): boolean {
    return !this.looking;
  }

  /** Whether the host is one of the stack's config, whose program gives each a bridge. */
  isInConfig(name: string): boolean {
    return this.hosts.configured().some((host) => host.name === name);
  }

  /** Whether nothing of ours is to stay on the host: all is destroyed, or the config names it no more. */
  isLeft(name: string): boolean {
    return this.isDestroying || !this.isInConfig(name);
  }

  /** The engine checks one resource after the other: the first one starts the looks at all hosts side by side. */
  startLooking(): void {
    this.looking = true;
    this.lookAhead();
  }

  /** It reads several at a time, of a host or two: without this, the hosts would be looked at a few at a time. */
  lookAhead(): void {
    if (this.ahead) return;
    this.ahead = true;
    // A host that cannot be reached is reported by its own resources.
    for (const host of this.hosts.configured()) this.lookAll(host).catch(() => {});
  }

  private isLinted = false;
  /**
   * What speaks against the mesh as a whole: warnings are told, errors returned, to the first who asks. All of
   * them at once, because the engine goes no further than the first resource that is refused.
   */
  async lint(): Promise<readonly string[]> {
    if (this.isLinted) return [];
    this.isLinted = true;
    const byName = new Map(this.hosts.configured().map((host) => [host.name, host]));
    const hosts = hostEntries((key) => this.config(key)).flatMap((entry) => {
      const host = byName.get(entry.name);
      return host === undefined ? [] : [{ entry, host }];
    });
    const hostPrefix = z.coerce.number().int().catch(24).parse(this.config("dockroute:hostPrefix"));
    const found = await lintHosts({ pool: this.config("dockroute:pool"), hostPrefix, hosts });
    for (const { level, text } of found) if (level === "warning") this.tell(text);
    return found.filter(({ level }) => level === "error").map(({ text }) => text);
  }

  /** What resources asked of one host they will ask of the next: the way to a peer's address. */
  private readonly asked = new Map<string, Command>();

  /** @param own what a resource asks by its own inputs */
  async lookAll(host: Host, own: readonly Command[] = []): Promise<void> {
    const ahead = this.asked.size === 0 ? this.waysAhead() : [];
    for (const question of [...ahead, ...own]) this.asked.set(keyOf(question), question);
    await host.recall([...this.questions, ...this.asked.values()]);
  }

  private waysAhead(): readonly Command[] {
    return hostEntries((key) => this.config(key)).map(({ address }) => wayQuestion(address));
  }

  /** No change of ours makes another machine of it, so that what was seen before one still holds. */
  async machine(host: Host): Promise<string | undefined> {
    const [answer] = await host.recall([machineQuestion]);
    return answer === undefined ? undefined : readMachine(answer);
  }

  /** Whether a new endpoint leads to another machine; where it cannot be told, it is taken for the same. */
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

  /** Runs a question of the preview; a host that cannot be reached fails nothing here, the update will. */
  async reached<T>(inputs: OnHost, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!cannotBeAsked(error)) throw error;
      this.tellOnce(inputs.host, error.message);
      return undefined;
    }
  }

  /** Whether the config's `leaving` calls the host gone for good. */
  isGone(name: string): boolean {
    return this.hosts.leaving().some((entry) => entry.name === name && entry.gone);
  }

  /** Why a host may still be there; undefined where it said nothing. One that shows its key and lets nobody in is there. */
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
  /** Each resource of a host that cannot be reached meets the same reason: a person is told once. */
  tellOnce(host: string, text: string): void {
    if (!this.told.has(host)) this.tell(text);
    this.told.add(host);
  }
}
