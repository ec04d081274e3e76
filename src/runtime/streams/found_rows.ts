import type { EventFlow } from "../../plan/physical.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { FoundRows } from "./stream_start.ts";
import { lastTold } from "./told_records.ts";

/** A task whose position nobody knows. */
interface Lost {
  readonly id: string;
  readonly plan: Pick<EventFlow, "sinks" | "outputs">;
  readonly partition: number;
  readonly ended: () => boolean;
}

/** Looks what is there of a partition whose position nobody knows. @throws ProductionError */
export async function foundRows(
  { id, plan, partition, ended }: Lost,
  { source, instance: { ports: { warehouse, log }, problems } }: {
    readonly source: string;
    readonly instance: Instance;
  },
): Promise<FoundRows> {
  const appended = await Promise.all(
    plan.sinks.map(({ table }) => warehouse.lastAppended(table, { source, partition })),
  );
  const onState = (problem: string | null) => problems.set(`stream ${id}`, problem);
  return { appended, told: await lastTold(plan.outputs, { source, partition, log, stopped: ended, onState }) };
}
