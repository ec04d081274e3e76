import { relative } from "node:path";
import type { Revision } from "../../runtime/runner.ts";
import type { Configuration } from "../config/configuration.ts";
import type { Routes } from "../http_server.ts";
import type { PrometheusMetrics } from "../prometheus.ts";
import type { Event } from "../start/output.ts";
import type { ShownRun } from "../start/shown_run.ts";
import { ProofProcess } from "./proof_process.ts";
import type { ContinuousProof, LeftOut, ProofReport, SinkProof } from "./proof_report.ts";
import { proofRoutes } from "./proof_routes.ts";
import { Standings } from "./standing.ts";
import { ToldDifferences } from "./told_differences.ts";
import { ToldProof } from "./told_proof.ts";

/** Gauges of rows that are not known to be equal. */
const COUNTS = [
  "weir_proof_differing_rows",
  "weir_proof_unjudged_rows",
  "weir_proof_excused_rows",
  "weir_proof_taken_rows",
];
const AFTER_START_MS = 2_000;

/** What it needs. */
export interface ContinuousProofOptions {
  readonly configuration: Configuration;
  readonly revision: Revision;
  /** Files in it that need not be in the directory. */
  readonly imported: readonly string[];
  /** Names of their files, without `.ts`. */
  readonly topologies: readonly string[];
  readonly runs: readonly ShownRun[];
  /** Whether the demo store is the source of what embedded mode runs. */
  readonly demo: boolean;
  readonly metrics: PrometheusMetrics;
  readonly onEvent: (event: Event) => void;
}

/** The continuous proof of an instance. */
export interface RunningProof {
  /** As it is shown: without what rows hold where that is hidden. */
  status(): ContinuousProof;
  readonly routes: Routes;
  /** Begins a moment behind `started`: what a start has to do comes first. */
  start(started: Promise<unknown>): void;
  stop(): Promise<void>;
}

/** Makes the continuous proof of an instance; {@link RunningProof.start} begins it. */
export function continuousProof(options: ContinuousProofOptions): RunningProof {
  const { configuration, revision, imported, topologies, runs, demo, metrics, onEvent } = options;
  const standings = new Standings(runs, { password: configuration.storePassword?.reveal() ?? null });
  const known = new Map<string, SinkProof>();
  const differences = new ToldDifferences();
  const tellLeftOut = leftOutMetric(metrics);
  const onReport = ({ sinks, leftOut }: ProofReport) => {
    tellLeftOut(leftOut);
    // What is not compared here any more is nobody's fault here.
    for (const [name, { topology, sink }] of known) {
      if (sinks.some((one) => one.topology === topology && one.sink === sink)) continue;
      for (const gauge of COUNTS) metrics.gauge(gauge, { topology, sink }, 0);
      known.delete(name);
      differences.forget(name);
    }
    for (const sink of sinks) {
      report(sink, metrics);
      const name = `${sink.topology}/${sink.sink}`;
      const event = differences.look(name, sink);
      known.set(name, sink);
      if (event !== null) onEvent(event);
    }
  };
  const told = configuration.proof.by === "service" ? new ToldProof({ onReport, onEvent }) : null;
  const keeper = told ??
    new ProofProcess({ ...{ configuration, revision, imported, topologies, demo, standings, onEvent }, onReport });
  const fromHere = imported.map((path) => relative(configuration.topologiesDirectory, path));
  const shows = configuration.run.consoleRows;
  return {
    status: () => shows ? keeper.status : { ...keeper.status, ...withoutRows(keeper.status) },
    routes: {
      ...standings.routes(),
      ...proofRoutes({ runs: { revision, imported: fromHere, topologies, shows }, standings, told }),
    },
    start: (started) => void started.then(() => Deno.unrefTimer(setTimeout(() => keeper.start(), AFTER_START_MS))),
    stop: () => keeper.stop(),
  };
}

/** Tells what nobody compares, and why; what another instance compares is told there. */
function leftOutMetric(metrics: PrometheusMetrics): (leftOut: readonly LeftOut[]) => void {
  let told: readonly LeftOut[] = [];
  const labels = ({ topology, sink, reason }: LeftOut) => ({ topology, sink, reason });
  return (leftOut) => {
    for (const one of told) metrics.gauge("weir_proof_left_out", labels(one), 0);
    told = leftOut.filter(({ elsewhere }) => elsewhere === undefined);
    for (const one of told) metrics.gauge("weir_proof_left_out", labels(one), 1);
  };
}

function report(sink: SinkProof, metrics: PrometheusMetrics): void {
  const labels = { topology: sink.topology, sink: sink.sink };
  metrics.gauge("weir_proof_differing_rows", labels, sink.differing);
  metrics.gauge("weir_proof_unjudged_rows", labels, sink.unjudged);
  metrics.gauge("weir_proof_excused_rows", labels, sink.excused);
  metrics.gauge("weir_proof_taken_rows", labels, sink.taken.reduce((sum, { rows }) => sum + rows, 0));
  if (sink.checked === null) return;
  metrics.gauge("weir_proof_equal_rows", labels, sink.rows);
  metrics.gauge("weir_proof_checked_timestamp_seconds", labels, Date.parse(sink.checked) / 1_000);
  metrics.gauge("weir_proof_round_seconds", labels, sink.roundMs! / 1_000);
}

function withoutRows({ sinks, leftOut }: ProofReport): ProofReport {
  return { sinks: sinks.map((sink) => ({ ...sink, keys: [] })), leftOut };
}
