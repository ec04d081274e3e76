import type { Configuration } from "../config/configuration.ts";
import type { PrometheusMetrics } from "../prometheus.ts";
import type { ContinuousProof } from "../proof/proof_report.ts";
import { StaleReport } from "../stale_report.ts";
import { type Proof, readProof } from "../verify/proof.ts";
import type { ShownRun } from "./shown_run.ts";
import { isLoading, type Status, type TopologyStatus } from "./status.ts";
import { TimeLeft } from "./time_left.ts";
import type { World } from "./world.ts";

/** A look at the file of the last proof, at most this often. */
const PROOF_EVERY_MS = 2_000;
/** Rates are means over about this time. */
const RATE_MS = 3_000;

interface Sample {
  readonly ms: number;
  readonly changes: number;
  readonly rows: number;
}

/** Gathers the status of a running instance; rates come from the counts of earlier calls. */
export class StatusSource {
  ending: string | null = null;
  addresses: Readonly<Record<string, string>>;
  readonly #world: World;
  readonly #runs: readonly ShownRun[];
  readonly #metrics: PrometheusMetrics;
  readonly #configuration: Configuration;
  readonly #continuous: () => ContinuousProof;
  readonly #stale: StaleReport;
  readonly #startedMs: number;
  readonly #startedAt = Date.now();
  readonly #samples = new Map<string, Sample[]>();
  readonly #timesLeft = new Map<string, TimeLeft>();
  #proof: { readonly ms: number; readonly proof: Proof | null } = { ms: -Infinity, proof: null };

  constructor(parts: {
    readonly world: World;
    readonly runs: readonly ShownRun[];
    readonly metrics: PrometheusMetrics;
    readonly configuration: Configuration;
    readonly continuous: () => ContinuousProof;
  }) {
    this.#world = parts.world;
    this.#runs = parts.runs;
    this.#metrics = parts.metrics;
    this.#configuration = parts.configuration;
    this.#continuous = parts.continuous;
    this.#stale = new StaleReport(parts.configuration.dataDirectory);
    this.#startedMs = performance.now();
    this.addresses = parts.world.addresses;
  }

  /** Leaves word in the data directory of the tables that are stale now. {@link take} does so, too. */
  keepStale(): void {
    this.#stale.update(this.#runs);
  }

  take(): Status {
    this.keepStale();
    const ms = performance.now();
    const { dataDirectory } = this.#configuration;
    if (ms - this.#proof.ms > PROOF_EVERY_MS) this.#proof = { ms, proof: readProof(dataDirectory) };
    return {
      mode: this.#world.mode,
      uptimeMs: Math.round(ms - this.#startedMs),
      startedAt: this.#startedAt,
      data: dataDirectory,
      addresses: this.addresses,
      demo: this.#world.demo?.status() ?? null,
      topologies: this.#runs.map((run) => this.#topology(run, ms)),
      proof: this.#proof.proof,
      continuous: this.#continuous(),
      ending: this.ending,
    };
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
