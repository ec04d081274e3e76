import type { AppendTableSpec } from "../../ports/warehouse.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import { retry } from "../../ports/retry.ts";
import type { Ports } from "../ports.ts";
import type { Problems } from "../problems.ts";

const RETRY_MS = 1_000;

/** The tables that the streams and stages of a plan add to, each once. */
function appendTablesOf({ streams, stages }: PhysicalPlan): AppendTableSpec[] {
  const sinks = [...streams, ...stages].flatMap((flow) => flow.sinks);
  return [...new Map(sinks.map(({ name, table }) => [name, table])).values()];
}

/** Makes them if they are missing, as soon as ClickHouse answers. @throws ConfigError for one of another shape */
export async function ensureAppendTables(
  plan: PhysicalPlan,
  { ports, problems, stopped }: { readonly ports: Ports; readonly problems: Problems; readonly stopped: () => boolean },
): Promise<void> {
  for (const table of appendTablesOf(plan)) {
    await retry(() => ports.warehouse.ensureAppend(table), {
      clock: ports.clock,
      firstMs: RETRY_MS,
      lastMs: RETRY_MS,
      onState: (error) => problems.set("clickhouse", error?.message ?? null),
      stopped,
    });
  }
}
