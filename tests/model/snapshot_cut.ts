import { type Plan, programHashOf, sourceHashOf } from "./program.ts";
import type { Rule } from "./rules.ts";
import { fileOf, FORMAT, type PartialSnapshot, type SnapshotSections } from "./snapshot_file.ts";
import { lastKnown, type Task } from "./task.ts";

/** What the writer needs of the world. */
export interface CutOptions {
  readonly plan: Plan;
  readonly generation: number;
  readonly keeps: (rule: Rule) => boolean;
}

/** A consistent cut through a task's state, in one turn. */
export function cut(task: Task, { plan, generation, keeps }: CutOptions): PartialSnapshot {
  const entries = [...task.entries];
  const sections: SnapshotSections = {
    rows: entries.flatMap(([key, { row }]) => row === null ? [] : [[key, row]]),
    former: keeps("formerRowsKept") ? [...task.former] : [],
    evaluations: entries.map(([key, { uses, shown, contribution, pending, failed, held }]) => ({
      key,
      uses,
      shown,
      contribution,
      pending: (pending && keeps("pendingKept")) || (failed && keeps("failedEvaluated")) ||
        (held && keeps("heldEvaluated")),
    })),
    rights: [...task.rights].flatMap(([key, right]) => {
      const row = lastKnown(right);
      return row === undefined || right.users.size === 0 ? [] : [[key, row]];
    }),
    globals: [...task.globals],
    shares: [...task.shares],
  };
  return fileOf({
    header: {
      format: FORMAT,
      task: task.id,
      topicId: task.topicId,
      generation,
      sourceHash: sourceHashOf(plan),
      programHash: programHashOf(plan),
      position: task.position,
      leaderEpoch: task.leaderEpoch,
      freshTime: task.freshTime,
      watermark: { epoch: task.epoch, seq: task.seq },
    },
    sections,
  });
}
