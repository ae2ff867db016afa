/** A lock with exclusive and shared holders, in the order they came. A flow that fails does not stop the next. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();
  /** The shared flows that will begin together, while no exclusive one has come after them. */
  #waiting: (() => Promise<void>)[] | undefined;

  exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting = undefined;
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /**
   * Begins together with the shared flows that wait already. A flow that comes while shared flows run waits for them.
   *
   * @param first done once, before they begin
   */
  shared<T>(work: () => Promise<T>, first: () => void): Promise<T> {
    const company = this.#waiting ?? this.#gather(first);
    return new Promise((resolve, reject) => {
      company.push(() => work().then(resolve, reject));
    });
  }

  #gather(first: () => void): (() => Promise<void>)[] {
    const company: (() => Promise<void>)[] = [];
    void this.exclusive(async () => {
      if (this.#waiting === company) this.#waiting = undefined;
      first();
      await Promise.all(company.map((begin) => begin()));
    });
    this.#waiting = company;
    return company;
  }
}
