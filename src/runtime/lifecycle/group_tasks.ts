import type { GroupTask } from "../../ports/log.ts";
import { topicsOf } from "../../plan/member_topic.ts";
import type { TaskTable } from "../../plan/physical.ts";
import { taskId, taskIds } from "../../record/task_id.ts";
import { flowsOf, type Topics } from "./topics.ts";

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

function streamTasks(topics: Topics): GroupTask[] {
  return flowsOf(topics).flatMap(({ plan: { name, outputs }, topic, partitions }) => {
    const transactional = outputs.some(({ node: { sink } }) => sink.guarantee === "exactly_once");
    return taskIds(name, partitions).map((id, partition): GroupTask => ({
      id,
      partitions: [{ topic, partition }],
      ...(transactional ? { transactional } : {}),
    }));
  });
}

function tableTasks(topics: Topics): GroupTask[] {
  return partitionedTasks(topics).map(({ id, table, partition }) => ({
    id,
    partitions: [
      ...topicsOf(table).map((topic) => ({ topic, partition })),
      { topic: topics.inboxes[table.index], partition },
    ],
  }));
}
