import type { GroupTask } from "../../ports/log.ts";
import type { TaskTable } from "../../plan/physical.ts";
import { taskId, taskIds } from "../../record/task_id.ts";
import type { Topics } from "./topics.ts";

/** One task of each partition of each table. */
export function partitionedTasks(
  { plan, partitions }: Pick<Topics, "plan" | "partitions">,
): { readonly id: string; readonly table: TaskTable; readonly partition: number }[] {
  return plan.tables.flatMap((table) =>
    Array.from({ length: partitions[table.index] }, (_, partition) => ({
      id: taskId(table.name, partition),
      table,
      partition,
    }))
  );
}

/** One unit of assignment for each of them: its source partitions and its inbox partition. */
export function groupTasks(topics: Topics): GroupTask[] {
  return [...tableTasks(topics), ...streamTasks(topics)];
}

function streamTasks({ plan, streams }: Topics): GroupTask[] {
  return plan.streams.flatMap(({ name, source: { topic } }) =>
    taskIds(name, streams.get(topic)!.partitions).map((id, partition) => ({ id, partitions: [{ topic, partition }] }))
  );
}

function tableTasks(topics: Topics): GroupTask[] {
  return partitionedTasks(topics).map(({ id, table, partition }) => ({
    id,
    partitions: [
      ...table.members.flatMap((member) => member.kind === "source" ? [{ topic: member.source.topic, partition }] : []),
      { topic: topics.inboxes[table.index], partition },
    ],
  }));
}
