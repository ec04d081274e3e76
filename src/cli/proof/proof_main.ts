/** The process of the continuous proof: begun by `start`, and over when that ends. */
import { setPriority } from "node:os";
import { connect } from "../../adapters/clickhouse/connection.ts";
import { withClickHouse } from "../clickhouse_client.ts";
import { loadConfiguration } from "../config/configuration.ts";
import { pathsIn } from "../embedded_directory.ts";
import { revisionOf } from "../revision.ts";
import { loadTopologies } from "../topology_files.ts";
import { type FromProof, messageLine, messagesOf, type ProofBegin, type ToProof } from "./messages.ts";
import { proofMask } from "./masked_proof.ts";
import type { ProofReport } from "./proof_report.ts";
import { demoSource, postgresSource, type ProofSource } from "./proof_source.ts";
import { ShownSink } from "./shown_sink.ts";
import { Prover, type Standing } from "./prover.ts";

/** What others need the processor for comes first. */
const NICE = 10;
const RANGE_ROWS = 2_000;
/** A report is written this often at most, and the source is not looked at more often when it has few rows. */
const TURN_MS_MIN = 1_000;
const REVISION_EVERY_MS = 60_000;

async function main(): Promise<void> {
  lowerPriority();
  const incoming = messagesOf<ProofBegin | ToProof>(Deno.stdin.readable);
  const begin = (await incoming.next()).value as ProofBegin | undefined;
  if (begin === undefined) return;
  const { ask, heard } = conversation(incoming);
  // Whoever began this has ended: nobody reads any more.
  heard.then(() => Deno.exit(0));
  await prove(begin, ask).catch((error) => {
    console.error(`Continuous proof: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  });
}

/** Where this is not allowed, or not possible, the proof has the same part of the processor as all others. */
function lowerPriority(): void {
  try {
    setPriority(NICE);
  } catch {
    // It still reads no faster than it may.
  }
}

type Ask = <T extends ToProof["answer"]>(question: "standing" | "applied", topology: string) => Promise<T>;

/** Questions to the instance. `heard` resolves when it is gone. */
function conversation(incoming: AsyncIterable<ProofBegin | ToProof>): { ask: Ask; heard: Promise<void> } {
  const waiting = new Map<number, (answer: never) => void>();
  let last = 0;
  const ask: Ask = (question, topology) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      tell({ kind: "ask", id: last, question, topology });
    });
  const listen = async () => {
    for await (const message of incoming) {
      const { id, answer } = message as ToProof;
      waiting.get(id)?.(answer as never);
      waiting.delete(id);
    }
  };
  return { ask, heard: listen() };
}

function tell(message: FromProof): void {
  const bytes = messageLine(message);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

async function prove(begin: ProofBegin, ask: Ask): Promise<void> {
  if (!await isSameProgram(begin)) return refuse();
  const configuration = { ...loadConfiguration(), dataDirectory: begin.dataDirectory };
  const files = await loadTopologies(begin.topologiesDirectory, begin.topologies);
  const topologies = files.map(({ topology }) => topology);
  const { proof, kafka } = configuration;
  const source = kafka === null
    ? await demoSource(pathsIn(begin.dataDirectory).store)
    : await postgresSource(proof.database!);
  await withClickHouse({ configuration, access: "reader" }, async ({ options }) => {
    const shown = { connection: connect(options), database: options.database };
    const prover = new Prover({
      topologies,
      source,
      shown: (sink, types) => new ShownSink(sink, { shown, types }),
      standing: (topology) => ask<Standing>("standing", topology),
      applied: (topology) => ask<boolean>("applied", topology),
      pace: {
        rangeRows: RANGE_ROWS,
        rowsMax: proof.rowsMax,
        breathe: pauses(proof.rowsPerSecond),
        nowMs: Date.now,
      },
    });
    await turns(prover, { begin, source, mask: proofMask(topologies) });
  });
}

async function turns(
  prover: Prover,
  { begin, source, mask }: {
    readonly begin: ProofBegin;
    readonly source: ProofSource;
    readonly mask: (report: ProofReport) => ProofReport;
  },
): Promise<void> {
  let checkedMs = Date.now();
  const reporting = setInterval(() => tell({ kind: "report", report: mask(prover.report()) }), TURN_MS_MIN);
  try {
    for (;;) {
      const startedMs = Date.now();
      await prover.turn();
      tell({ kind: "report", report: mask(prover.report()) });
      if (startedMs - checkedMs > REVISION_EVERY_MS) {
        checkedMs = startedMs;
        if (!await isSameProgram(begin)) return refuse();
      }
      await sleep(Math.max(0, TURN_MS_MIN - (Date.now() - startedMs)));
    }
  } finally {
    clearInterval(reporting);
    await source.close();
  }
}

function refuse(): void {
  const reason = "topology files are not those any more that this instance runs: start it again";
  tell({ kind: "refused", reason });
  Deno.exit(0);
}

async function isSameProgram({ revision, topologiesDirectory, imported }: ProofBegin): Promise<boolean> {
  const now = await revisionOf(topologiesDirectory, imported);
  return now.topologies === revision.topologies && now.weir === revision.weir;
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

if (import.meta.main) await main();
