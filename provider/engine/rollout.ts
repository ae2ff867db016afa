import { DockrouteError } from "./errors/error.js";
import { RolloutStopped } from "./errors/refused.js";

/**
 * Turns for changes that stop running containers: at most `seats` hosts at a time, and none any more once one
 * has failed to come back, so that a mistake in the plan costs one host and not all.
 */
export class Turns {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];
  private failed: string | undefined;
  private begun: Promise<void> | undefined;

  /** @param first what is done before the first of them */
  constructor(
    readonly seats: number,
    private readonly first: () => Promise<void> = async () => {},
  ) {}

  async take<T>(host: string, work: () => Promise<T>): Promise<T> {
    this.begun ??= this.first();
    await this.begun;
    while (this.taken >= this.seats) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.failed !== undefined) {
      this.next();
      throw new RolloutStopped(host, this.failed);
    }
    this.taken++;
    try {
      return await work();
    } catch (error) {
      if (stopsRollout(error)) this.failed ??= host;
      throw error;
    } finally {
      this.taken--;
      this.next();
    }
  }

  private next(): void {
    this.waiting.shift()?.();
  }
}

/** An error that nobody has foreseen may have left the host in any state. */
function stopsRollout(error: unknown): boolean {
  return !(error instanceof DockrouteError) || error.stopsRollout;
}
