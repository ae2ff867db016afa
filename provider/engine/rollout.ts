import { DockrouteError } from "./errors/error.js";
import { RolloutStopped } from "./errors/refused.js";

/**
 * The rollout of changes that stop running containers. At most `maxUnavailable` hosts are changed at a time, and
 * once one has failed in its restart no further host begins: a mistake in the plan costs one host and not all. A
 * host that fails before its restart (busy, disk full, unreachable) holds up no other.
 */
export class Rollout {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private failed: string | undefined;
  private prepared: Promise<void> | undefined;

  /** @param prepare awaited once, before the first change begins */
  constructor(
    readonly maxUnavailable: number,
    private readonly prepare: () => Promise<void> = async () => {},
  ) {}

  /** Waits until this host may be changed, and changes it. */
  async run<T>(host: string, change: () => Promise<T>): Promise<T> {
    this.prepared ??= this.prepare();
    await this.prepared;
    while (this.running >= this.maxUnavailable) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (this.failed !== undefined) {
      this.wakeNext();
      throw new RolloutStopped(host, this.failed);
    }
    this.running++;
    try {
      return await change();
    } catch (error) {
      if (stopsRollout(error)) this.failed ??= host;
      throw error;
    } finally {
      this.running--;
      this.wakeNext();
    }
  }

  private wakeNext(): void {
    this.waiting.shift()?.();
  }
}

/** An error of another class is a mistake in dockroute, which may have left the host in any state. */
function stopsRollout(error: unknown): boolean {
  return !(error instanceof DockrouteError) || error.stopsRollout;
}
