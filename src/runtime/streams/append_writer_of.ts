import { quotesRows } from "../../plan/masks.ts";
import type { AppendPlan } from "../../plan/physical.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { AppendWriter } from "./append_writer.ts";
import type { StreamLetters } from "./stream_letters.ts";
import type { StreamProgress } from "./stream_progress.ts";
import type { TableClock } from "./table_clock.ts";

/** The task of one partition of a topic. */
export interface WriterTask {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
}

/** What the writer of one task is wired to. */
interface WriterParts {
  readonly instance: Instance;
  readonly letters: StreamLetters;
  readonly closed: () => boolean;
  readonly progress: Pick<StreamProgress, "announceAgain">;
  readonly tableClock: TableClock;
  /** Timestamp of the first record behind what is written now; 0 if unknown. */
  readonly sourceMs: () => number;
}

/** Under which name it is a problem that ClickHouse does not take a task's rows. */
export function appendProblem({ id }: Pick<WriterTask, "id">, { name }: AppendPlan): string {
  return `clickhouse ${name} of ${id}`;
}

/** The writer of a stream's task, with its metrics, problems and dead letters. */
export function appendWriterOf(task: WriterTask, parts: WriterParts): AppendWriter {
  const { instance, letters, closed, progress, tableClock, sourceMs } = parts;
  const { ports: { warehouse, clock, metrics }, topology, problems, options } = instance;
  return new AppendWriter({
    warehouse,
    clock,
    tableClock,
    stopped: closed,
    quotesRows: quotesRows(topology, options),
    announceAgain: (how) => progress.announceAgain(how),
    onRefused: ({ sink, row }, error) => {
      const position = { topic: task.topic, partition: task.partition, offset: row.offset };
      letters.refused({ task: task.id, position, sink: sink.name, row }, error);
    },
    onState: (sink, problem) => problems.set(appendProblem(task, sink), problem),
    onInserted: (sink, { rows, durationMs }) => {
      const labels = { topology: topology.name, sink: sink.name };
      metrics.count("weir_sink_rows_total", labels, rows);
      metrics.observe("weir_sink_insert_rows", labels, rows);
      metrics.observe("weir_sink_insert_seconds", labels, durationMs / 1000);
      const firstMs = sourceMs();
      if (firstMs === 0) return;
      metrics.observe("weir_visible_delay_seconds", labels, Math.max(0, clock.nowMs() - firstMs) / 1000);
    },
  });
}
