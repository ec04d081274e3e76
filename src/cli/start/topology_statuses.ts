import type { PrometheusMetrics } from "../prometheus.ts";
import type { ShownRun } from "./shown_run.ts";
import { isLoading, type TopologyStatus } from "./status.ts";
import { TimeLeft } from "./time_left.ts";

/** Rates are means over about this time. */
const RATE_MS = 3_000;

interface Sample {
  readonly ms: number;
  readonly changes: number;
  readonly rows: number;
}

/** How the topologies of an instance stand; rates come from the counts of earlier calls. */
export class TopologyStatuses {
  readonly #metrics: Pick<PrometheusMetrics, "total">;
  readonly #samples = new Map<string, Sample[]>();
  readonly #timesLeft = new Map<string, TimeLeft>();

  constructor(metrics: Pick<PrometheusMetrics, "total">) {
    this.#metrics = metrics;
  }

  /** `ms`: now, by a clock that only goes on. */
  take(runs: readonly ShownRun[], ms: number): TopologyStatus[] {
    return runs.map((run) => this.#topology(run, ms));
  }

  #topology(run: ShownRun, ms: number): TopologyStatus {
    const { name } = run;
    const changes = this.#metrics.total("weir_source_records_total", { topology: name });
    const rows = this.#metrics.total("weir_sink_rows_total", { topology: name });
    const status = run.runner?.status();
    const standing = { state: run.state, tasksRunning: status?.tasksRunning ?? 0, tasks: status?.tasks.length ?? 0 };
    const lag = status?.lagRecords ?? 0;
    return {
      name,
      ...standing,
      standbys: status?.standbys.length ?? 0,
      changes,
      rows,
      ...this.#rates(name, { ms, changes, rows }),
      lag,
      secondsLeft: this.#secondsLeft(name, { ms, lag, loading: standing.tasks > 0 && isLoading(standing) }),
      deadLetters: run.runner?.deadLetters.openLetters ?? 0,
      started: run.started,
      problems: run.problems(),
    };
  }

  #secondsLeft(name: string, now: { readonly ms: number; readonly lag: number; readonly loading: boolean }) {
    let timeLeft = this.#timesLeft.get(name);
    if (timeLeft === undefined) this.#timesLeft.set(name, timeLeft = new TimeLeft());
    if (now.loading) return timeLeft.look(now.ms, now.lag);
    timeLeft.reset();
    return null;
  }

  #rates(name: string, now: Sample): { changesPerSecond: number; rowsPerSecond: number } {
    let samples = this.#samples.get(name);
    if (samples === undefined) this.#samples.set(name, samples = []);
    samples.push(now);
    while (samples.length > 2 && now.ms - samples[1].ms >= RATE_MS) samples.shift();
    const [first] = samples;
    const seconds = (now.ms - first.ms) / 1000;
    if (seconds <= 0) return { changesPerSecond: 0, rowsPerSecond: 0 };
    return {
      changesPerSecond: Math.round((now.changes - first.changes) / seconds),
      rowsPerSecond: Math.round((now.rows - first.rows) / seconds),
    };
  }
}
