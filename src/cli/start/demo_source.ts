import { DEFAULT_SIZES, type DemoStore, type StoreSizes } from "../../demo/mod.ts";
import type { DemoStatus } from "./status.ts";

/** Sizes of a new demo store by name. */
export const DEMO_SIZES: Readonly<Record<"small" | "standard", StoreSizes>> = {
  small: { users: 100, sellers: 20, products: 200, orders: 500, itemsPerOrder: 2.5 },
  standard: DEFAULT_SIZES,
};

/** `new`: its first rows were sent by this start. */
export type History = "new" | "old";

/**
 * The demo store as a running instance uses it: a snapshot, then changes at a steady rate that can be held for a while.
 */
export class DemoSource {
  /** Resolves with the error when the store cannot write any more. */
  readonly failed: Promise<Error>;
  readonly #store: DemoStore;
  readonly #ratePerSecond: number;
  #fail!: (error: Error) => void;
  #snapshot: DemoStatus["snapshot"] = null;
  #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #begun = false;
  #ended = false;
  /** How many ask for quiet. */
  #holders = 0;

  constructor(store: DemoStore, options: { readonly ratePerSecond: number }) {
    this.#store = store;
    this.#ratePerSecond = options.ratePerSecond;
    this.failed = new Promise((resolve) => this.#fail = resolve);
  }

  /** Sends the snapshot unless that has been done, and what the last end left unsent. */
  async prepare(signal: AbortSignal): Promise<History> {
    await this.#store.createTopics();
    await this.#store.snapshot((rows, rowsTotal) => this.#snapshot = { rows, rowsTotal }, signal);
    return this.#snapshot === null ? "old" : "new";
  }

  /** Begins to write changes. */
  begin(): void {
    this.#begun = true;
    this.#run();
  }

  /**
   * Holds the changes until the function given back is called; resolves when everything written so far is in the log.
   */
  async hold(): Promise<() => void> {
    this.#holders++;
    this.#abort.abort();
    await this.#running;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#holders--;
      this.#run();
    };
  }

  /**
   * Lets `work` use the store alone, between two of its own changes; null if it must hold still, has not begun or has
   * ended.
   */
  use<T>(work: (store: DemoStore) => Promise<T>): Promise<T> | null {
    if (!this.#begun || this.#ended || this.#holders > 0) return null;
    this.#abort.abort();
    const done = this.#running.then(() => work(this.#store));
    // Whoever holds the changes meanwhile waits for this, too.
    const running = done.then(() => {}, () => {});
    this.#running = running;
    running.then(() => {
      if (this.#running === running) this.#run();
    });
    return done;
  }

  /** Ends the changes for good and closes the file. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.hold();
    this.#store.close();
  }

  status(): DemoStatus {
    return {
      seed: this.#store.seed,
      ratePerSecond: this.#ratePerSecond,
      changesWritten: this.#store.changesWritten(),
      paused: this.#holders > 0,
      snapshot: this.#snapshot,
    };
  }

  #run(): void {
    if (!this.#begun || this.#ended || this.#holders > 0) return;
    this.#abort = new AbortController();
    this.#running = this.#store.run({ ratePerSecond: this.#ratePerSecond, signal: this.#abort.signal }).catch(
      this.#fail,
    );
  }
}
