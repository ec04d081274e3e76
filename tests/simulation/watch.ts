import type { Problems } from "../../src/runtime/problems.ts";
import type { RunEvent } from "../../src/runtime/runner.ts";
import { ConfigError } from "../../src/record/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** A task may restart so often within {@link RESTARTS_MS}: more than pauses that double up to 30 s let it. */
const RESTARTS_MAX = 9;
const RESTARTS_MS = 60_000;

/** Watches one simulated process for what it must never do, whatever happens to it. */
export class Watch {
  /** When it last reported how it stands. */
  reportedMs: number;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #wrong: (what: string) => void;
  /** Times of its restarts, by task. */
  readonly #restarts = new Map<string, number[]>();

  constructor(clock: Pick<Clock, "nowMs">, wrong: (what: string) => void) {
    this.#clock = clock;
    this.#wrong = wrong;
    this.reportedMs = clock.nowMs();
  }

  /** A gauge was set. */
  gauge(name: string): void {
    if (name === "weir_ready") this.reportedMs = this.#clock.nowMs();
  }

  /** Something happened to its runner. */
  told(event: RunEvent, problems: Problems): void {
    if (event.kind === "assigned") {
      for (const task of this.#restarts.keys()) if (!event.tasks.includes(task)) this.#restarts.delete(task);
    }
    // Nothing of a topic of events is ever deleted that was not read, nor of a stage's that is not in its changelog.
    if (event.kind === "records lost" && !event.reason.includes("made again")) {
      this.#wrong(`LOST ${event.task} misses ${event.records} records: ${event.reason}`);
    }
    if (event.kind === "restart") this.#restarted(event.task, problems);
  }

  /** Its runner cannot go on. No setting is ever wrong here. */
  failed(error: Error): void {
    if (error instanceof ConfigError) this.#wrong(`REFUSED ${error.message}`);
  }

  #restarted(task: string, problems: Problems): void {
    if (!problems.list().some(({ problem }) => problem.includes(`"${task}"`))) {
      this.#wrong(`UNTOLD task ${task} restarts, and that is no problem`);
    }
    const nowMs = this.#clock.nowMs();
    const recent = (this.#restarts.get(task) ?? []).filter((atMs) => atMs > nowMs - RESTARTS_MS);
    recent.push(nowMs);
    this.#restarts.set(task, recent);
    if (recent.length > RESTARTS_MAX) {
      this.#wrong(`HASTY task ${task} restarts ${recent.length} times within ${RESTARTS_MS / 1_000} s`);
    }
  }
}
