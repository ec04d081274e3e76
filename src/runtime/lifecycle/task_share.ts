import { outputsOf } from "../../plan/outputs_of.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import type { TaskHost } from "./task_host.ts";
import type { Topics } from "./topics.ts";

/** Which part of the tasks that write a sink this instance has, 0..1. `hosts`: all of its tasks. */
export function taskShare(
  hosts: Iterable<TaskHost>,
  { topics: { plan, partitions }, sink }: { readonly topics: Pick<Topics, "plan" | "partitions">; sink: SinkPlan },
): number {
  const table = plan.tables.find((candidate) => outputsOf(candidate).some((output) => output.sink === sink))!;
  let here = 0;
  for (const host of hosts) if (host.table === table) here++;
  return here / partitions[table.index];
}
