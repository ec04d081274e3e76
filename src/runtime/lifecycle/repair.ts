import type { TableSpec, Warehouse } from "../../ports/warehouse.ts";
import { outputsOf } from "../../plan/outputs_of.ts";
import { parseKeyText } from "../../record/key.ts";
import { SEEN } from "../../state/entry.ts";
import type { ShareSink } from "../outputs/share_sink.ts";
import type { SinkOutput } from "../outputs/sink_output.ts";
import type { Task } from "../task/task.ts";

/** What a comparison needs of the world. */
export interface RepairPorts {
  readonly warehouse: Warehouse;
  readonly acknowledged: () => Promise<unknown>;
}

/**
 * Compares what ClickHouse shows of a task with what it should show, and writes the differences: what a dead
 * incarnation wrote late, what was changed or deleted by hand. Rows written while the comparison runs are left alone.
 * `acknowledged`: resolves when everything put so far is acknowledged; asked after the comparison began to note what is
 * written, so that no row falls in between. Resolves to the number of differences.
 */
export async function repairTask(task: Task, { warehouse, acknowledged }: RepairPorts): Promise<number> {
  let differences = 0;
  for (const { kind, sink, index } of outputsOf(task.table)) {
    differences += kind === "rows"
      ? await repairSink({ task, warehouse, acknowledged, output: task.sinks[index], table: sink.table })
      : await repairShares(task, task.shareSinks[index]!, { warehouse, acknowledged });
  }
  task.endBatch();
  return differences;
}

async function repairSink(
  repair: RepairPorts & { task: Task; output: SinkOutput; table: TableSpec },
): Promise<number> {
  const { task, warehouse, acknowledged, output, table } = repair;
  const touched = output.touched = new Set();
  let differences = 0;
  try {
    await acknowledged();
    for (const entry of task.entries.values()) entry.flags &= ~SEEN;
    for await (const rows of warehouse.shown(table, [task.id])) {
      if (task.closed) return differences;
      for (const row of rows) {
        const key = parseKeyText(row.key);
        if (touched.has(key)) continue;
        if (!output.owns(key)) {
          differences++;
          output.discard(key);
          continue;
        }
        const entry = task.entryOf(key);
        entry.flags |= SEEN;
        if (output.agrees(entry, row.digest)) continue;
        differences++;
        output.distrust(entry);
        task.evaluate(entry);
      }
    }
    for (const entry of [...task.entries.values()]) {
      if ((entry.flags & SEEN) !== 0 || touched.has(entry.key) || output.agrees(entry, null)) continue;
      differences++;
      output.distrust(entry);
      task.evaluate(entry);
    }
  } finally {
    output.touched = null;
  }
  return differences;
}

async function repairShares(
  task: Task,
  sink: ShareSink,
  { warehouse, acknowledged }: RepairPorts,
): Promise<number> {
  const touched = sink.touched = new Set();
  const seen = new Set();
  let differences = 0;
  try {
    await acknowledged();
    for await (const rows of warehouse.shown(sink.plan.table, [task.id])) {
      if (task.closed) return differences;
      for (const row of rows) {
        const key = parseKeyText(row.key);
        seen.add(key);
        if (touched.has(key) || sink.expected(key) === row.digest) continue;
        differences++;
        sink.repair(key);
      }
    }
    for (const key of sink.shownKeys()) {
      if (seen.has(key) || touched.has(key)) continue;
      differences++;
      sink.repair(key);
    }
  } finally {
    sink.touched = null;
  }
  return differences;
}
