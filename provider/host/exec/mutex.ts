/** Lets one flow at a time through, in the order they came. A flow that fails does not stop the next. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();
  /** Flows that will go together when it is their turn, while nobody has come after them. */
  #waiting: (() => Promise<void>)[] | undefined;

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting = undefined;
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /**
   * Goes together with those that wait for the same turn. Who comes while some are under way waits for the next.
   *
   * @param first done once when their turn begins
   */
  together<T>(work: () => Promise<T>, first: () => void): Promise<T> {
    const company = this.#waiting ?? this.#gather(first);
    return new Promise((resolve, reject) => {
      company.push(() => work().then(resolve, reject));
    });
  }

  #gather(first: () => void): (() => Promise<void>)[] {
    const company: (() => Promise<void>)[] = [];
    void this.run(async () => {
      if (this.#waiting === company) this.#waiting = undefined;
      first();
      await Promise.all(company.map((begin) => begin()));
    });
    this.#waiting = company;
    return company;
  }
}
