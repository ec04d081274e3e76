import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { Instance } from "../lifecycle/instance.ts";

const LOOK_MS = 100;

/**
 * Waits until the tasks of this instance have begun that could not: those of tables, whose rows in ClickHouse may be
 * another topology's, and stages (those that the plan feeds; all of them for a stream), which may fold otherwise than
 * they did. Else events would go on without what is declared in vain now, and miss it when the topology is again what
 * it was. None of them needs an event to begin, and no stage feeds itself. Resolves to false if it is not wanted any
 * more.
 */
export async function tasksBegun(
  { plan, ended }: { readonly plan: StreamPlan | StagePlan; readonly ended: () => boolean },
  { hosts, streams, topics: { plan: { stages } }, ports: { clock } }: Instance,
): Promise<boolean> {
  const first = "changelog" in plan ? plan.shuffles.map(({ stage }) => stages[stage]) : stages;
  const topics = new Set(first.map(({ repartition }) => repartition));
  const begun = () =>
    hosts.values().every(({ baseRead }) => baseRead) &&
    streams.values().every(({ topic, state }) => !topics.has(topic) || state === "running");
  while (!ended() && !begun()) await clock.sleep(LOOK_MS);
  return !ended();
}
