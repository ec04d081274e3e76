import type { Topology } from "../../dsl/topology.ts";
import { isRetriable, waitMsAfter } from "../../ports/retry.ts";
import { ConfigError, LimitError, RestoreError, TopologyError } from "../../record/errors.ts";
import type { RunOptions } from "../../runtime/options.ts";
import { type Ports, type RunEvent, Runner, type StartReport } from "../../runtime/runner.ts";
import { eventOf } from "./run_events.ts";
import type { Event } from "./output.ts";
import type { TopologyState } from "./status.ts";

const PAUSE = { firstMs: 1_000, lastMs: 30_000 };
/** A topology that ran so long begins again with the shortest pause. */
const STEADY_MS = 60_000;
/** How long a failed runner may take to hand back what it holds. */
const CLEAN_UP_MS = 2_000;

/** What a run needs. */
export interface TopologyRunOptions {
  readonly topology: Topology;
  readonly ports: Ports;
  readonly options: RunOptions;
  readonly onEvent: (event: Event) => void;
}

/** One topology, started again after a pause whenever it fails for a reason that can pass. */
export class TopologyRun {
  readonly topology: Topology;
  state: TopologyState = "starting";
  runner: Runner | null = null;
  /** What the last start did; null before it was complete. */
  started: readonly StartReport[] | null = null;
  /** Resolves with the error when the topology cannot go on. */
  readonly failed: Promise<Error>;
  readonly #options: TopologyRunOptions;
  readonly #stopping = new AbortController();
  readonly #moved = Promise.withResolvers<void>();
  #fail!: (error: Error) => void;
  #trouble: string | null = null;
  #silent = false;

  constructor(options: TopologyRunOptions) {
    this.topology = options.topology;
    this.#options = options;
    this.failed = new Promise((resolve) => this.#fail = resolve);
  }

  start(): void {
    this.#run().catch((error) => this.#end(error));
  }

  /** Resolves when the first start is complete, or has met something that it must wait for. */
  get firstStart(): Promise<void> {
    return this.#moved.promise;
  }

  /** What is wrong now. */
  problems(): string[] {
    const told = this.runner?.problems.list().map(({ problem }) => problem) ?? [];
    return this.#trouble === null ? told : [this.#trouble, ...told];
  }

  /** Why the topology is not ready to be relied on; empty when it is. */
  unready(): string[] {
    const problems = this.problems();
    if (this.runner?.ready && this.state === "running") return problems;
    const status = this.runner?.status();
    return [`${this.state}, ${status?.tasksRunning ?? 0} of ${status?.tasks.length ?? 0} tasks run`, ...problems];
  }

  /** Drains: what is under way is acknowledged and committed, within about `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    await this.runner?.stop(deadlineMs);
    // What a start that was cut off says from here on is of no interest.
    this.#silent = true;
    this.state = "ended";
  }

  async #run(): Promise<void> {
    const { topology, ports, options, onEvent } = this.#options;
    const { clock } = ports;
    const { signal } = this.#stopping;
    for (let failures = 1; !signal.aborted; failures++) {
      this.state = "starting";
      const startedMs = clock.nowMs();
      this.runner = new Runner(topology, ports, { options, onEvent: (event) => this.#told(event) });
      const error = await this.#untilFailure(this.runner);
      if (signal.aborted) return;
      if (!canPass(error)) return this.#end(error);
      if (clock.nowMs() - startedMs > STEADY_MS) failures = 1;
      const pauseMs = waitMsAfter(failures, PAUSE);
      this.state = "waiting";
      this.#moved.resolve();
      this.#trouble = error.message;
      onEvent({
        level: "warn",
        name: "failed",
        text: `${topology.name} failed and is started again in ${Math.round(pauseMs / 1000)} s: ${error.message}`,
        fields: { topology: topology.name, error: error.message, pauseMs },
      });
      await this.runner.stop(CLEAN_UP_MS);
      await clock.sleep(pauseMs, signal);
    }
  }

  async #untilFailure(runner: Runner): Promise<Error> {
    try {
      const failed = runner.failed.then((error) => {
        throw error;
      });
      // Lost when the start itself throws; then it says the same.
      failed.catch(() => {});
      await Promise.race([runner.start(), failed]);
      this.state = "running";
      this.#trouble = null;
      return await failed;
    } catch (error) {
      // Only a mistake of the program throws what is no error.
      return error instanceof Error ? error : new TypeError(String(error), { cause: error });
    }
  }

  #told(event: RunEvent): void {
    if (event.kind === "started") this.started = event.sinks;
    if (event.kind === "started" || event.kind === "problem") this.#moved.resolve();
    if (!this.#silent) this.#options.onEvent(eventOf(this.topology.name, event));
  }

  #end(error: Error): void {
    this.state = "ended";
    this.#moved.resolve();
    this.#trouble = error.message;
    this.#fail(error);
  }
}

/** Whether the same start may succeed later. What an operator must change, and mistakes of the program, do not pass. */
function canPass(error: Error): boolean {
  if ([ConfigError, RestoreError, TopologyError, LimitError].some((kind) => error instanceof kind)) return false;
  return isRetriable(error);
}
