import type { ShownRow, Warehouse } from "../../ports/warehouse.ts";
import { type OutputPlan, outputsOf } from "../../plan/outputs_of.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import { type Chore, LOOKS_PER_STEP } from "../../state/chores.ts";
import { SEEN } from "../../state/entries.ts";
import { shownKeyOf } from "../outputs/key_line.ts";
import { shownShares } from "../outputs/remembered_shares.ts";
import type { ShareSink } from "../outputs/share_sink.ts";
import type { SinkOutput } from "../outputs/sink_output.ts";
import type { Task } from "../task/task.ts";
import { shownEntryOf } from "../task/shown_base.ts";
import { byTask } from "./by_task.ts";

/** Steps of a chore in one turn of the event loop. */
const SLICE_STEPS = 400;

/** What a comparison needs of the world. */
export interface RepairPorts {
  readonly warehouse: Warehouse;
  readonly acknowledged: () => Promise<unknown>;
  /** Lets others have their turn. */
  readonly breathe: () => Promise<void>;
  /** Whether a sink is left out; none if absent. */
  readonly skips?: (sink: SinkPlan) => boolean;
}

/** Rows of a sink that ClickHouse showed otherwise than its task has them, and which were written. */
export interface Difference {
  readonly task: Task;
  /** Name of the sink. */
  readonly sink: string;
  readonly rows: number;
}

/** The comparison of one output of one task. What a task writes while it is open is left alone. */
interface Comparison {
  /** To be done before what is shown is asked for. */
  begin(): Chore;
  /** Rows that are shown. */
  take(rows: readonly ShownRow[]): Chore;
  /** All that is shown was taken: what should be shown and is not is written. */
  finish(): Chore;
  close(): void;
  /** So far. */
  readonly differences: number;
}

/**
 * Compares what ClickHouse shows of tasks of ONE table with what it should show, and writes the differences: what a
 * dead incarnation wrote late, what was changed or deleted by hand. Each output is asked for once for all tasks: a
 * question about one task reads the whole table, too. Rows written while the comparison runs are left alone.
 * `acknowledged`: resolves when everything put so far is acknowledged; asked after the comparison began to note what is
 * written, so that no row falls in between. Resolves to what was compared, also where nothing differed.
 */
export async function repairTasks(tasks: readonly Task[], ports: RepairPorts): Promise<Difference[]> {
  const differences: Difference[] = [];
  if (tasks.length === 0) return differences;
  const inSlices = async (task: Task, chore: Chore): Promise<void> => {
    for (let steps = 1; !task.closed && !chore.next().done; steps++) {
      if (steps % SLICE_STEPS === 0) await ports.breathe();
    }
  };
  for (const output of outputsOf(tasks[0].table)) {
    if (ports.skips?.(output.sink)) continue;
    const open = new Map<string, { readonly task: Task; readonly comparison: Comparison }>();
    try {
      for (const task of tasks) {
        if (task.closed) continue;
        const comparison = comparisonOf(task, output);
        open.set(task.id, { task, comparison });
        await inSlices(task, comparison.begin());
        await ports.breathe();
      }
      await ports.acknowledged();
      for await (const rows of ports.warehouse.shown(output.sink.table, [...open.keys()])) {
        for (const [id, own] of byTask(rows)) {
          const of = open.get(id);
          if (of !== undefined) await inSlices(of.task, of.comparison.take(own));
        }
      }
      for (const { task, comparison } of open.values()) {
        await inSlices(task, comparison.finish());
        await ports.breathe();
      }
    } finally {
      for (const { task, comparison } of open.values()) {
        comparison.close();
        differences.push({ task, sink: output.sink.name, rows: comparison.differences });
        if (!task.closed) task.endBatch();
      }
    }
  }
  return differences;
}

function comparisonOf(task: Task, { kind, index }: OutputPlan): Comparison {
  return kind === "rows" ? compareRows(task, task.sinks[index]) : compareShares(task.shareSinks[index]!);
}

function compareRows(task: Task, output: SinkOutput): Comparison {
  const touched = output.touched = new Set<Key>();
  const { entries } = task;
  let differences = 0;
  return {
    *begin() {
      for (const [looks, entry] of counted(entries.keys.used())) {
        entries.lower(entry, SEEN);
        if (looks % LOOKS_PER_STEP === 0) yield;
      }
    },
    *take(rows) {
      for (const [looks, row] of counted(rows)) {
        if (looks % LOOKS_PER_STEP === 0) yield;
        const key = shownKeyOf(output.plan, row.key);
        if (touched.has(key)) continue;
        if (!output.owns(key)) {
          differences++;
          output.discard(key);
          continue;
        }
        const entry = shownEntryOf(task, { sink: output.plan, key });
        if (entry === null) continue;
        entries.raise(entry, SEEN);
        if (output.agrees(entry, row.digest)) continue;
        differences++;
        output.distrust(entry);
        task.evaluate(entry);
        yield;
      }
    },
    *finish() {
      for (const [looks, entry] of counted(entries.keys.used())) {
        if (looks % LOOKS_PER_STEP === 0) yield;
        if (entries.is(entry, SEEN) || touched.has(entries.keys.keyOf(entry))) continue;
        if (output.agrees(entry, null)) {
          // What was held of it is gone, so nothing keeps it.
          if (!entries.hasRow(entry)) task.evaluate(entry);
          continue;
        }
        differences++;
        output.distrust(entry);
        task.evaluate(entry);
        yield;
      }
    },
    close: () => void (output.touched = null),
    get differences() {
      return differences;
    },
  };
}

function compareShares(sink: ShareSink): Comparison {
  const touched = sink.touched = new Set<Key>();
  const seen = new Set<Key>();
  let differences = 0;
  return {
    *begin() {},
    *take(rows) {
      for (const [looks, row] of counted(rows)) {
        if (looks % LOOKS_PER_STEP === 0) yield;
        const key = shownKeyOf(sink.plan, row.key);
        seen.add(key);
        if (touched.has(key) || sink.expected(key) === row.digest) continue;
        differences++;
        sink.repair(key);
        yield;
      }
    },
    *finish() {
      for (const [looks, [key]] of counted(shownShares(sink.shares))) {
        if (looks % LOOKS_PER_STEP === 0) yield;
        if (seen.has(key) || touched.has(key)) continue;
        differences++;
        sink.repair(key);
        yield;
      }
    },
    close: () => void (sink.touched = null),
    get differences() {
      return differences;
    },
  };
}

function* counted<T>(items: Iterable<T>): Generator<readonly [number, T]> {
  let looks = 0;
  for (const item of items) yield [++looks, item];
}
