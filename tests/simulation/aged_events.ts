import { clickhouse, count, type KGroupedStream, tumbling } from "../../src/mod.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";

const aged = clickhouse("aged", {
  columns: { rest: "Int64", window_start: "Int64", n: "UInt64" },
  key: ["rest", "window_start"],
});

/** The table of windows that go by age. What is lost of it nobody can make again. */
export const AGED_TABLE = aged.spec.name;

const WINDOW_MS = 2_000;
/** More than sources of which nothing is known to wait are ahead of others: no event is late. */
const GRACE_MS = 60_000;
const RETENTION_MS = WINDOW_MS + GRACE_MS;

/** Counts events by short windows, which nobody but ClickHouse keeps for longer than they take events. */
export function declareAged<V extends { readonly n: number }>(grouped: KGroupedStream<{ rest: number }, V>): void {
  const windows = tumbling({ milliseconds: WINDOW_MS }, {
    grace: { milliseconds: GRACE_MS },
    retention: { milliseconds: RETENTION_MS },
  });
  grouped.windowedBy(windows).aggregate("by_age", { n: count() }).to(aged);
}

/** The window that an event is in. */
export function agedPlace({ rest, ms }: { readonly rest: number; readonly ms: number }): string {
  return `aged ${rest} ${Math.floor(ms / WINDOW_MS) * WINDOW_MS * 1_000}`;
}

/** What is shown of all windows, also those that everybody else has forgotten: each with its count. */
export function agedRows(memory: Pick<MemoryWarehouse, "select">): (readonly [place: string, n: number])[] {
  return memory.select(AGED_TABLE).map(({ rest, window_start, n }) => [`aged ${rest} ${window_start}`, Number(n)]);
}
