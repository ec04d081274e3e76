import { retry, STOPPED } from "../../ports/retry.ts";
import type { PhysicalPlan, SinkPlan } from "../../plan/physical.ts";
import { quotesRows } from "../../plan/masks.ts";
import { keyColumnsOf, sinksOf } from "../../plan/outputs_of.ts";
import type { DeadLetterQueue } from "./dead_letter_queue.ts";
import type { BusyTables } from "../busy_tables.ts";
import type { RunOptions } from "../options.ts";
import type { Problems } from "../problems.ts";
import type { Ports } from "../ports.ts";
import { SinkWriter } from "./sink_writer.ts";
import type { OutgoingRow } from "./waiting_rows.ts";

const RETRY_MS = 1_000;
/** Into a topic, as long as there is little to write. */
const APPENDS_PER_SECOND = 20;
const NO_TABLES = { begin() {}, count: 0 };

/** What {@link createSinkWriters} needs. */
export interface SinkWritersOptions {
  readonly plan: PhysicalPlan;
  readonly ports: Ports;
  readonly options: RunOptions;
  readonly topology: Parameters<typeof quotesRows>[0];
  readonly problems: Problems;
  readonly deadLetters: DeadLetterQueue;
  readonly busyTables: BusyTables;
  /** Which part of the tasks that write this sink is here now, 0..1. */
  readonly share: (sink: SinkPlan) => number;
  /** ClickHouse refused this row for good; the dead letter is written. */
  readonly onRefused: (sink: SinkPlan, row: OutgoingRow) => void;
  /** Writing cannot go on. */
  readonly onFailed: (error: Error) => void;
  readonly stopped: () => boolean;
}

/**
 * Makes sure that ClickHouse has the tables, waiting for it if it does not answer, and makes a writer for each, by sink
 * name.
 * @throws ConfigError when a table has another shape
 */
export async function createSinkWriters(options: SinkWritersOptions): Promise<Map<string, SinkWriter>> {
  const { ports, options: run, topology, problems, deadLetters } = options;
  const writers = new Map<string, SinkWriter>();
  for (const sink of sinksOf(options.plan)) {
    const added = await ensure(sink, options);
    const labels = { topology: topology.name, sink: sink.name };
    const isTopic = sink.table.output !== undefined;
    writers.set(
      sink.name,
      new SinkWriter({
        table: sink.table,
        added,
        warehouse: ports.warehouse,
        clock: ports.clock,
        pace: {
          insertsPerSecond: isTopic ? APPENDS_PER_SECOND : run.insertsPerSecond,
          flushIntervalMs: run.flushIntervalMs,
          // An append is no part that must be merged.
          tables: isTopic ? NO_TABLES : options.busyTables,
          share: () => options.share(sink),
        },
        batchRowsMax: run.batchRowsMax,
        onRefused: (row, error) => {
          const { task, epoch, key } = row;
          const text = "line" in row ? new TextDecoder().decode(row.line) : row.keyLine;
          const line = isTopic && "line" in row ? text : `${text}]`;
          deadLetters.refused({ task, epoch, sink: sink.name, columns: keyColumnsOf(sink), key, line }, error);
          options.onRefused(sink, row);
        },
        onFailed: options.onFailed,
        quotesRows: quotesRows(topology, run),
        onState: (problem) => problems.set(isTopic ? sink.name : `clickhouse ${sink.name}`, problem),
        onInserted: ({ rows, durationMs, sourceMs }) => {
          ports.metrics.count("weir_sink_rows_total", labels, rows);
          ports.metrics.observe("weir_sink_insert_rows", labels, rows);
          ports.metrics.observe("weir_sink_insert_seconds", labels, durationMs / 1000);
          const delayMs = ports.clock.nowMs() - sourceMs;
          if (sourceMs > 0) ports.metrics.observe("weir_visible_delay_seconds", labels, Math.max(0, delayMs) / 1000);
        },
      }),
    );
  }
  return writers;
}

/** Resolves to the columns that were added to a table that was there. */
async function ensure(sink: SinkPlan, options: SinkWritersOptions): Promise<readonly string[]> {
  const { ports, problems, stopped } = options;
  const report = await retry(() => ports.warehouse.ensure(sink.table), {
    clock: ports.clock,
    firstMs: RETRY_MS,
    lastMs: RETRY_MS,
    onState: (error) => problems.set("clickhouse", error?.message ?? null),
    stopped,
  });
  return report === STOPPED ? [] : report.added;
}
