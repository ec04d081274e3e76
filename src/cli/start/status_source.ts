import type { Configuration } from "../config/configuration.ts";
import type { PrometheusMetrics } from "../prometheus.ts";
import type { ContinuousProof } from "../proof/proof_report.ts";
import { StaleReport } from "../stale_report.ts";
import { type Proof, readProof } from "../verify/proof.ts";
import type { ShownRun } from "./shown_run.ts";
import type { Status } from "./status.ts";
import { TopologyStatuses } from "./topology_statuses.ts";
import type { World } from "./world.ts";

/** A look at the file of the last proof, at most this often. */
const PROOF_EVERY_MS = 2_000;

/** Gathers the status of a running instance. */
export class StatusSource {
  ending: string | null = null;
  addresses: Readonly<Record<string, string>>;
  readonly #world: World;
  readonly #runs: readonly ShownRun[];
  readonly #configuration: Configuration;
  readonly #continuous: () => ContinuousProof;
  readonly #stale: StaleReport;
  readonly #startedMs: number;
  readonly #startedAt = Date.now();
  readonly #topologies: TopologyStatuses;
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
    this.#topologies = new TopologyStatuses(parts.metrics);
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
      topologies: this.#topologies.take(this.#runs, ms),
      proof: this.#proof.proof,
      continuous: this.#continuous(),
      ending: this.ending,
    };
  }
}
