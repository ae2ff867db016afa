/** The progress of a run of many hosts, told every few seconds. A run of a few hosts ends before much can be told. */

const many = 8;
const everyMs = 5_000;
/** So many hosts are waited for by name. */
const named = 3;

export class Progress {
  readonly #looked = new Set<string>();
  /** By host, the resources whose change is due or under way. */
  readonly #due = new Map<string, Set<string>>();
  readonly #changed = new Set<string>();
  readonly #failed = new Set<string>();
  /** By host, the number of resources under way there. */
  readonly #busy = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly hosts: () => number,
    private readonly tell: (text: string) => void,
  ) {}

  /** A host is looked at. */
  async look<T>(host: string, work: () => Promise<T>): Promise<T> {
    const answer = await this.#waitFor(host, work);
    this.#looked.add(host);
    return answer;
  }

  /** A resource of the host will be changed. */
  due(host: string, id: string): void {
    this.#due.set(host, (this.#due.get(host) ?? new Set()).add(id));
  }

  /** A resource of the host is changed. */
  async change<T>(host: string, id: string, work: () => Promise<T>): Promise<T> {
    this.due(host, id);
    try {
      const made = await this.#waitFor(host, work);
      this.#changed.add(host);
      return made;
    } catch (error) {
      this.#failed.add(host);
      throw error;
    } finally {
      this.#due.get(host)?.delete(id);
    }
  }

  async #waitFor<T>(host: string, work: () => Promise<T>): Promise<T> {
    // It keeps no process alive.
    this.#timer ??= setInterval(() => this.#tick(), everyMs).unref();
    this.#busy.set(host, (this.#busy.get(host) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#busy.get(host) ?? 1) - 1;
      if (left > 0) this.#busy.set(host, left);
      else this.#busy.delete(host);
    }
  }

  #tick(): void {
    const all = this.hosts();
    if (all > many && this.#busy.size > 0) this.tell(this.inWords(all));
  }

  /** "120 of 250 hosts looked at, 40 changed, 80 left; waiting for alpha, beta, gamma and 20 more". */
  inWords(all: number): string {
    const left = [...this.#due].filter(([, ids]) => ids.size > 0).map(([host]) => host);
    const changed = [...this.#changed].filter((host) => !left.includes(host) && !this.#failed.has(host));
    const failed = this.#failed.size === 0 ? "" : `, ${this.#failed.size} failed`;
    const busy = [...this.#busy.keys()];
    const more = busy.length > named ? ` and ${busy.length - named} more` : "";
    const waiting = busy.length === 0 ? "" : `; waiting for ${busy.slice(0, named).join(", ")}${more}`;
    return `${this.#looked.size} of ${all} hosts looked at, ${changed.length} changed${failed}, ${left.length} left${waiting}`;
  }
}
