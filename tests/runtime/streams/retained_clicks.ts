import { z } from "zod";
import { clickhouse, count, events, int8, topology, type Windows } from "../../../src/mod.ts";
import type { Log } from "../../../src/ports/log.ts";
import type { InsertBatch } from "../../../src/ports/warehouse.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "../step_run.ts";
import { changelogRecords } from "./changelog_records.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const minutes = clickhouse("minutes", {
  columns: { user_id: "Int64", window_start: "Int64", clicks: "UInt64" },
  key: ["user_id", "window_start"],
});
const counted = (windows: Windows) =>
  topology("counted", (builder) => {
    builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }))
      .windowedBy(windows).aggregate("by_minute", { clicks: count() }).to(minutes);
  });

/** Changelog of the clicks by minute. */
export const CHANGELOG = "weir.counted.by_minute.changelog";
/** So many click in each minute. */
export const USERS = 5;
const EAGER = { staleRecordsMin: 10, staleShareMin: 1, repairAfterMs: 2_000, metadataEveryMs: 1_000 };

/** A topology on a log that the test reads, and a warehouse that may take nothing. */
export async function begun(windows: Windows) {
  const { clock, log } = await openStepLog({});
  await log.createTopic({ name: "shop.clicks", partitions: 1, cleanup: "delete", retentionMs: -1 });
  const memory = createMemoryWarehouse();
  const state: { clickhouse: "takes rows" | "does not answer" } = { clickhouse: "takes rows" };
  /** Keys of rows, in the order in which they were written. */
  const written: Record<"upserts" | "deletes", string[]> = { upserts: [], deletes: [] };
  const batches: InsertBatch[] = [];
  const warehouse: typeof memory = {
    ...memory,
    insert(batch) {
      if (state.clickhouse === "does not answer") return new Promise(() => {});
      for (const kind of ["upserts", "deletes"] as const) for (const { key } of batch[kind]) written[kind].push(key);
      batches.push(batch);
      return memory.insert(batch);
    },
  };
  const make = (through: Log = log) =>
    new StepRun(counted(windows), { clock, ports: { log: through, warehouse }, options: EAGER }).start();
  return { clock, log, memory, make, state, written, batches };
}

/** What {@link begun} gives. */
export type Begun = Awaited<ReturnType<typeof begun>>;

/** A click of each user in each of these minutes, and ten seconds for each by the clock. */
export async function click({ clock, log }: Begun, { from, to }: { readonly from: number; readonly to: number }) {
  for (let minute = from; minute < to; minute++) {
    const records = Array.from({ length: USERS }, (_, user_id) => ({
      key: null,
      value: JSON.stringify({ user_id }),
      timestampMs: minute * 60_000 + user_id,
    }));
    await log.append([{ topic: "shop.clicks", partition: 0, records }]);
    for (let second = 0; second < 10; second++) await clock.pass(1_000);
  }
}

/** These clicks, all at once, and ten seconds by the clock. */
export async function clicked({ clock, log }: Begun, all: readonly { readonly user_id: number; minute: number }[]) {
  const records = all.map(({ user_id, minute }) => ({
    key: null,
    value: JSON.stringify({ user_id }),
    timestampMs: minute * 60_000,
  }));
  await log.append([{ topic: "shop.clicks", partition: 0, records }]);
  for (let second = 0; second < 10; second++) await clock.pass(1_000);
}

/** Of the changelog: windows of facts that are there, and how many other records, by key. */
export async function changelogOf(log: Log) {
  const { last } = await changelogRecords(log, CHANGELOG);
  const there = [...last.values()].filter(({ kind }) => kind !== "removed");
  const facts = there.flatMap((read) => read.kind === "fact" ? [read.fact.start / 60e6] : []);
  const horizons = there.flatMap((read) => read.kind === "horizon" ? [read.horizon.atUs / 60e6] : []);
  return { facts, horizons, others: there.length - facts.length - horizons.length };
}
