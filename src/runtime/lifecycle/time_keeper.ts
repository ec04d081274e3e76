import type { Instance } from "./instance.ts";

/** So long at most, so that a clock that was set is noticed; and timers of more than 24 days do not wait at all. */
const SLEEP_MS_MAX = 60_000;

/** Tells the tasks whose rows expire what time it is, and wakes the loop when the next row is due. */
export class TimeKeeper {
  readonly #instance: Pick<Instance, "hosts" | "busy" | "ports">;
  readonly #wake: () => void;
  /** When it wakes, as far as known; Infinity while it does not sleep. */
  #wakesUs = Infinity;
  #sleep = new AbortController();

  constructor(instance: Pick<Instance, "hosts" | "busy" | "ports">, wake: () => void) {
    this.#instance = instance;
    this.#wake = wake;
  }

  /** Tasks with rows that are due are busy. Returns whether there are any. */
  tick(): boolean {
    const { hosts, busy, ports } = this.#instance;
    const nowUs = ports.clock.nowMs() * 1_000;
    let nextUs = Infinity;
    let due = false;
    for (const host of hosts.values()) {
      const { task } = host;
      if (task === null || task.expiry === null) continue;
      task.expiry.advance(nowUs);
      if (!task.loaded) continue;
      if (task.expiry.waits) {
        busy.add(host);
        due = true;
      } else nextUs = Math.min(nextUs, task.expiry.nextUs);
    }
    this.#sleepUntil(nextUs, nowUs);
    return due;
  }

  /** Nobody is woken any more. */
  stop(): void {
    this.#sleep.abort();
  }

  #sleepUntil(us: number, nowUs: number): void {
    if (us === this.#wakesUs) return;
    this.#sleep.abort();
    this.#wakesUs = us;
    if (us === Infinity) return;
    const { signal } = this.#sleep = new AbortController();
    const ms = Math.min(SLEEP_MS_MAX, Math.ceil((us - nowUs) / 1_000));
    this.#instance.ports.clock.sleep(ms, signal).then(() => {
      if (signal.aborted) return;
      this.#wakesUs = Infinity;
      this.#wake();
    });
  }
}
