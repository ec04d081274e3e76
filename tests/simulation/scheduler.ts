import type { Choices } from "./choices.ts";

/** A request of a simulated process that waits to be carried out. */
export interface Operation {
  readonly owner: Owner;
  readonly kind: string;
  /** Whether it can be carried out now. */
  readonly enabled: () => boolean;
  /** Carries it out and answers the caller. */
  readonly run: () => void;
  /** The effect alone, for a request whose answer is lost and that arrives once more, later. */
  readonly ghost?: () => void;
}

/** A simulated process: once dead, nothing it asked for is answered. */
export interface Owner {
  readonly name: string;
  dead: boolean;
  /** The next records that its tasks are to take meet a bug. */
  bug: boolean;
}

interface Sleeper {
  readonly owner: Owner;
  readonly atMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/**
 * Carries out the requests of all processes one at a time, in an order that the seed decides; time passes only when
 * told.
 */
export class Scheduler {
  nowMs = Date.UTC(2026, 0, 1);
  steps = 0;
  /** Requests of this kind are mostly put off while there are others. */
  slowKind = "none";
  readonly choices: Choices;
  operations: Operation[] = [];
  #sleepers: Sleeper[] = [];
  #order = 0;

  constructor(choices: Choices) {
    this.choices = choices;
  }

  /** Registers a request; the promise settles when the scheduler carries it out. */
  request<T>(
    owner: Owner,
    kind: string,
    request: { enabled?: () => boolean; run: () => T | Promise<T>; ghost?: () => void },
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.operations.push({
        owner,
        kind,
        enabled: request.enabled ?? (() => true),
        ghost: request.ghost,
        run: () => {
          try {
            resolve(request.run());
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  }

  sleep(owner: Owner, ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { owner, atMs: this.nowMs + ms, order: this.#order++, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      }, { once: true });
    });
  }

  /** Forgets everything that dead processes asked for. */
  bury(): void {
    this.operations = this.operations.filter((operation) => !operation.owner.dead);
    this.#sleepers = this.#sleepers.filter((sleeper) => !sleeper.owner.dead);
  }

  /**
   * Lets all reactions to what was answered happen. A fixed number of turns: deterministic, and deep enough for the
   * runtime's chains.
   */
  async react(): Promise<void> {
    for (let turn = 0; turn < 24; turn++) await undefined;
  }

  /** Carries out one enabled request; false if there is none. */
  async step(): Promise<boolean> {
    const { operations } = this;
    if (operations.length === 0) return false;
    this.choices.point("request");
    const start = this.choices.below(operations.length);
    for (let offset = 0; offset < operations.length; offset++) {
      const index = (start + offset) % operations.length;
      const operation = operations[index];
      if (!operation.enabled()) continue;
      if (operation.kind === this.slowKind && offset < operations.length - 1 && this.choices.chance(0.9)) {
        if (operations.some((other) => other.kind !== this.slowKind && other.enabled())) continue;
      }
      operations.splice(index, 1);
      this.steps++;
      operation.run();
      await this.react();
      return true;
    }
    return false;
  }

  /** Sets the time to the next sleeper's and wakes it; false if nobody sleeps or only beyond `untilMs`. */
  async wakeNext(untilMs = Infinity): Promise<boolean> {
    let first: Sleeper | null = null;
    for (const sleeper of this.#sleepers) {
      if (first === null || sleeper.atMs < first.atMs || (sleeper.atMs === first.atMs && sleeper.order < first.order)) {
        first = sleeper;
      }
    }
    if (first === null || first.atMs > untilMs) return false;
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== first);
    this.nowMs = Math.max(this.nowMs, first.atMs);
    this.steps++;
    first.wake();
    await this.react();
    return true;
  }
}
