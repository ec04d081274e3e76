/**
 * Lets one caller wait for something to arrive. No promise lives longer than one wait: what hangs on one that is never
 * settled grows with every wait that ends by its time, and an idle reader waits for ever.
 */
export class Arrival {
  #resolve: () => void = () => {};

  /** Resolves when something arrives, at the latest after `waitMs`. */
  wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#resolve = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the wait, if there is one. */
  arrive(): void {
    this.#resolve();
  }
}
