import { connect } from "../../adapters/clickhouse/connection.ts";
import type { Revision } from "../../runtime/runner.ts";
import { withClickHouse } from "../clickhouse_client.ts";
import type { Configuration } from "../config/configuration.ts";
import { pathsIn } from "../embedded_directory.ts";
import { revisionOf } from "../revision.ts";
import { loadTopologies } from "../topology_files.ts";
import { proofMask } from "./masked_proof.ts";
import type { ProofReport } from "./proof_report.ts";
import { demoSource, postgresSource, type ProofSource } from "./proof_source.ts";
import { Prover, type Standing } from "./prover.ts";
import type { ProvenStreams } from "./proven_streams.ts";
import { ShownAppends } from "./shown_appends.ts";
import { ShownSink } from "./shown_sink.ts";

const RANGE_ROWS = 2_000;
/** A report is given this often at most, and the source is not looked at more often when it has few rows. */
const TURN_MS_MIN = 1_000;
const LOOK_EVERY_MS = 60_000;

/** Who runs what is proven, as far as the proof asks. */
export interface ProvenInstances {
  standing(topology: string): Promise<Standing>;
  /** Resolves when everything that the log has now shows in ClickHouse; to false if that cannot be said. */
  applied(topology: string): Promise<boolean>;
  readonly streams: ProvenStreams;
  tell(report: ProofReport): void;
}

/** What is to be proven. */
export interface ToProve {
  readonly configuration: Configuration;
  readonly topologiesDirectory: string;
  /** Names of their files, without `.ts`. */
  readonly topologies: readonly string[];
  readonly instances: ProvenInstances;
  /** Asked once a minute: why it is not to go on; null: it is. */
  readonly over: () => Promise<string | null>;
}

/**
 * Compares topologies with their source for as long as `over` says nothing; resolves to what it said.
 * @throws Error when the files cannot be loaded, or ClickHouse or the source cannot be reached at all
 */
export async function prove(wanted: ToProve): Promise<string> {
  const { configuration, instances } = wanted;
  const files = await loadTopologies(wanted.topologiesDirectory, wanted.topologies);
  const topologies = files.map(({ topology }) => topology);
  const { proof, kafka, dataDirectory } = configuration;
  const source = kafka === null
    ? await demoSource(pathsIn(dataDirectory).store)
    : await postgresSource(proof.database!);
  return await withClickHouse({ configuration, access: "reader" }, async ({ options }) => {
    const shown = { connection: connect(options), database: options.database };
    const prover = new Prover({
      ...{ topologies, source },
      shown: (sink, types) => new ShownSink(sink, { shown, types }),
      standing: (topology) => instances.standing(topology),
      applied: (topology) => instances.applied(topology),
      streams: instances.streams,
      appended: (spec) => new ShownAppends(spec, shown),
      pace: {
        rangeRows: RANGE_ROWS,
        rowsMax: proof.rowsMax,
        breathe: pauses(proof.rowsPerSecond),
        nowMs: Date.now,
      },
    });
    const mask = proofMask(topologies);
    return await turns(prover, { ...wanted, source, tell: () => instances.tell(mask(prover.report())) });
  });
}

/**
 * Whether the files of the topologies, and Weir's own, are those of this revision. `imported`: those in it that need
 * not be in the directory.
 */
export async function isRevision(
  topologiesDirectory: string,
  { revision, imported }: { readonly revision: Revision; readonly imported: readonly string[] },
): Promise<boolean> {
  const now = await revisionOf(topologiesDirectory, imported);
  return now.topologies === revision.topologies && now.weir === revision.weir;
}

async function turns(
  prover: Prover,
  { source, tell, over }: Pick<ToProve, "over"> & { readonly source: ProofSource; readonly tell: () => void },
): Promise<string> {
  let lookedMs = Date.now();
  const reporting = setInterval(tell, TURN_MS_MIN);
  try {
    for (;;) {
      const startedMs = Date.now();
      await prover.turn();
      tell();
      if (startedMs - lookedMs > LOOK_EVERY_MS) {
        lookedMs = startedMs;
        const reason = await over();
        if (reason !== null) return reason;
      }
      await sleep(Math.max(0, TURN_MS_MIN - (Date.now() - startedMs)));
    }
  } finally {
    clearInterval(reporting);
    await source.close();
  }
}

/** Waits for as long as so many rows may take. What was late is not made up for. */
function pauses(rowsPerSecond: number): (rows: number) => Promise<void> {
  let nextMs = Date.now();
  return async (rows) => {
    const nowMs = Date.now();
    nextMs = Math.max(nowMs, nextMs + rows * 1_000 / rowsPerSecond);
    await sleep(nextMs - nowMs);
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
