/**
 * Runs work that has to be undone when a person presses Ctrl-C: the first signal aborts it, and the process
 * ends only after the work has cleaned up and come back. A second signal ends the process as usual.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let number = 0;
  const stop = (name: NodeJS.Signals): void => {
    number = name === "SIGINT" ? 2 : 15;
    controller.abort(new Error(`interrupted by ${name}`));
    forget();
  };
  const forget = (): void => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    process.stderr.write(`${String(controller.signal.reason)}: cleaned up\n`);
    process.exit(128 + number);
  } finally {
    forget();
  }
}
