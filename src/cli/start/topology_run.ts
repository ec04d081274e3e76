import type { Topology } from "../../dsl/topology.ts";
import { quotesRows } from "../../plan/masks.ts";
import { waitMsAfter } from "../../ports/retry.ts";
import type { RunOptions } from "../../runtime/options.ts";
import { type Ports, type Revision, type RunEvent, Runner, type StartReport } from "../../runtime/runner.ts";
import { type Failure, FAILURE_KINDS, failureOf } from "./failure.ts";
import type { Event } from "./output.ts";
import { eventOf, failureEvent } from "./run_events.ts";
import type { ShownRun } from "./shown_run.ts";
import type { TopologyState } from "./status.ts";

/** Pauses between tries, by what becomes of the failure. */
const PAUSES = {
  passes: { firstMs: 1_000, lastMs: 30_000 },
  repairable: { firstMs: 10_000, lastMs: 300_000 },
} as const;
/** A topology all of whose tasks ran so long begins again with the shortest pause. */
const STEADY_MS = 60_000;
/** How long a failed runner may take to hand back what it holds. */
const CLEAN_UP_MS = 2_000;

/** What a run needs. */
export interface TopologyRunOptions {
  readonly topology: Topology;
  readonly ports: Ports;
  readonly options: RunOptions;
  /** Names the program, for snapshots. */
  readonly revision?: Revision;
  readonly onEvent: (event: Event) => void;
  /** Data directory, for commands that messages name. */
  readonly data?: string;
  /** A failed try has handed back what it had: what was reported of it holds no more. */
  readonly onDiscarded?: () => void;
}

/**
 * One topology, started again after a pause whenever it fails, unless only another start of the process can help. Its
 * failure is its own: it leaves its group, closes its readers and writers, and touches nothing that others use.
 */
export class TopologyRun implements ShownRun {
  readonly topology: Topology;
  readonly name: string;
  runner: Runner | null = null;
  /** What the last start did; null before it was complete. */
  started: readonly StartReport[] | null = null;
  /** Why the last try failed; null once another one runs. */
  failure: Failure | null = null;
  /** Resolves when the topology has failed and is not tried again. */
  readonly over: Promise<void>;
  readonly #options: TopologyRunOptions;
  readonly #stopping = new AbortController();
  readonly #moved = Promise.withResolvers<void>();
  #phase: TopologyState = "starting";
  #finish!: () => void;
  /** When the next try begins; null while one is under way, or none will come. */
  #nextMs: number | null = null;
  /** When all tasks of this try ran first; null before. */
  #completeMs: number | null = null;
  #silent = false;

  constructor(options: TopologyRunOptions) {
    this.topology = options.topology;
    this.name = options.topology.name;
    this.#options = options;
    this.over = new Promise((resolve) => this.#finish = resolve);
  }

  start(): void {
    for (const error of FAILURE_KINDS) {
      this.#options.ports.metrics.count("weir_topology_failures_total", { topology: this.name, error }, 0);
    }
    this.#run();
  }

  /** Resolves when the first start is complete, or has met something that it must wait for. */
  get firstStart(): Promise<void> {
    return this.#moved.promise;
  }

  /** A topology that failed stays so while it is tried again, until all its tasks run. */
  get state(): TopologyState {
    const trying = this.#phase === "starting" || this.#phase === "running";
    if (trying && this.failure !== null && this.failure.fate !== "passes") return "failed";
    return this.#phase === "running" && this.runner!.degraded ? "degraded" : this.#phase;
  }

  /** What is wrong now. */
  problems(): string[] {
    return this.#withFailure(this.runner?.problems.list() ?? []);
  }

  #withFailure(problems: readonly { readonly problem: string }[]): string[] {
    const told = problems.map(({ problem }) => problem);
    return this.failure === null ? told : [`${this.failure.reason}${this.#outlook(this.failure)}`, ...told];
  }

  /** Why the topology is not ready to be relied on; empty when it is, though something may have happened before. */
  unready(): string[] {
    const problems = this.#withFailure(this.runner?.problems.passing() ?? []);
    if (this.runner?.ready && this.state === "running") return problems;
    const { state } = this;
    if (state === "degraded" || (state === "failed" && this.runner === null)) {
      return [`${state}: ${problems[0]}`, ...problems.slice(1)];
    }
    const { tasks = [], tasksRunning = 0 } = this.runner?.status() ?? {};
    const standing = tasks.length === 0
      ? "its tasks are not known yet"
      : `${tasksRunning} of ${tasks.length} tasks run`;
    return [`${state}, ${standing}`, ...problems];
  }

  /** Drains: what is under way is acknowledged and committed, within about `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    await this.runner?.stop(deadlineMs);
    // What a start that was cut off says from here on is of no interest.
    this.#silent = true;
    this.#nextMs = null;
    this.#phase = this.state === "failed" ? "failed" : "ended";
  }

  async #run(): Promise<void> {
    const { ports: { clock }, onDiscarded } = this.#options;
    const { signal } = this.#stopping;
    let fate: Failure["fate"] | null = null;
    for (let failures = 1; !signal.aborted; failures++) {
      const failure = await this.#try();
      if (signal.aborted) return;
      if (failure.fate !== fate || this.#wasSteady()) failures = 1;
      fate = failure.fate;
      const pauseMs = fate === "final" ? null : waitMsAfter(failures, PAUSES[fate]);
      this.#failed(failure, pauseMs);
      await this.#discard();
      if (signal.aborted) return;
      onDiscarded?.();
      if (pauseMs === null) return this.#finish();
      await clock.sleep(pauseMs, signal);
    }
  }

  /** Hands back what the failed runner holds. What it throws on the way is a consequence of the failure told. */
  async #discard(): Promise<void> {
    await this.runner?.stop(CLEAN_UP_MS).catch(() => {});
    if (!this.#stopping.signal.aborted) this.runner = null;
  }

  /** One try, until it fails. */
  async #try(): Promise<Failure> {
    const { topology, ports, options, revision } = this.#options;
    this.#phase = "starting";
    this.#nextMs = null;
    this.#completeMs = null;
    try {
      const onEvent = (event: RunEvent) => this.#told(runner, event);
      const runner: Runner = new Runner(topology, ports, { options, onEvent, revision });
      this.runner = runner;
      const failed = runner.failed.then((error) => {
        throw error;
      });
      // Lost when the start itself throws; then it says the same.
      failed.catch(() => {});
      await Promise.race([runner.start(), failed]);
      this.#phase = "running";
      if (this.failure?.fate === "passes") this.failure = null;
      this.#look(runner);
      return await failed;
    } catch (error) {
      return failureOf(error, { quotesRows: quotesRows(topology, options) });
    }
  }

  #failed(failure: Failure, pauseMs: number | null): void {
    const { ports: { clock, metrics }, onEvent } = this.#options;
    const topology = this.name;
    this.failure = failure;
    this.#phase = failure.fate === "passes" ? "waiting" : "failed";
    this.#nextMs = pauseMs === null ? null : clock.nowMs() + pauseMs;
    metrics.count("weir_topology_failures_total", { topology, error: failure.kind }, 1);
    onEvent(failureEvent({ topology, failure, pauseMs }));
    this.#moved.resolve();
  }

  #wasSteady(): boolean {
    return this.#completeMs !== null && this.#options.ports.clock.nowMs() - this.#completeMs > STEADY_MS;
  }

  /** What comes next, behind the reason. */
  #outlook({ fate }: Failure): string {
    if (fate === "final") return " (not tried again)";
    if (this.#nextMs === null) return this.#stopping.signal.aborted ? "" : " (being tried again)";
    const seconds = Math.max(1, Math.ceil((this.#nextMs - this.#options.ports.clock.nowMs()) / 1000));
    return ` (tried again in ${seconds} s)`;
  }

  #told(runner: Runner, event: RunEvent): void {
    // What is left of a failed try has nothing to say.
    if (this.runner !== runner || this.#silent) return;
    if (event.kind === "started") this.started = event.sinks;
    if (event.kind === "started" || event.kind === "problem") this.#moved.resolve();
    this.#look(runner);
    this.#options.onEvent(eventOf(this.name, event, this.#options));
  }

  #look(runner: Runner): void {
    if (this.#completeMs !== null || this.#phase !== "running" || !runner.ready) return;
    this.#completeMs = this.#options.ports.clock.nowMs();
    this.failure = null;
  }
}
