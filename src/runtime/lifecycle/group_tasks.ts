import type { GroupTask } from "../../ports/log.ts";
import { taskId } from "../../record/task_id.ts";
import type { Topics } from "./topics.ts";

/** One unit of assignment for each partition of each table: its source partitions and its inbox partition. */
export function groupTasks(topics: Topics): GroupTask[] {
  return topics.plan.tables.flatMap((table) =>
    Array.from({ length: topics.partitions[table.index] }, (_, partition) => ({
      id: taskId(table.name, partition),
      partitions: [
        ...table.members.flatMap((member) =>
          member.kind === "source" ? [{ topic: member.source.topic, partition }] : []
        ),
        { topic: topics.inboxes[table.index], partition },
      ],
    }))
  );
}
