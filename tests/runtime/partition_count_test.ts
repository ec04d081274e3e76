import { assertEquals } from "@std/assert";
import { inboxTopic } from "../../src/plan/inbox_topic.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { openThings } from "./things.ts";

/** Enough for the guard against mass deletes to look, on each of the few partitions. */
const ROWS = 9_000;
const [FEW, MANY] = [6, 8];

Deno.test("rows that another task owns since the partition count changed stay shown, and stale ones go", async () => {
  const rows = new Map(Array.from({ length: ROWS }, (_, id) => [id, `thing ${id}`]));
  const before = await openThings({ partitions: FEW });
  await before.put(rows);
  await before.spawn().settled();
  const names = () => before.names();
  assertEquals(names(), rows);
  await before[Symbol.asyncDispose]();

  rows.set(7, "renamed");
  const deleted = [...rows.keys()].filter((id) => id % 100 === 3);
  for (const id of deleted) rows.delete(id);
  await using after = await openThings({ partitions: MANY });
  await after.put(rows);
  // The tasks that existed before get greater epochs than the new ones: nothing may depend on which is the greater.
  const inbox = inboxTopic({ topology: "things", table: "things", generation: 2 });
  await after.log.createTopic({ name: inbox, partitions: MANY, cleanup: "delete", retentionMs: 86_400_000 });
  const older = Array.from({ length: FEW }, (_, partition) => partition);
  await after.log.append(older.map((partition) => ({
    topic: inbox,
    partition,
    records: Array.from({ length: 10 }, () => ({ key: null, value: "{}" })),
  })));
  const run = after.spawn({ warehouse: before.memory, options: { generation: 2 } });
  await run.settled();
  const now = names();
  for (const [id, name] of rows) assertEquals(now.get(id), name, `${id}, while the tasks have just started`);
  await after.clock.pass(defaultRunOptions.repairAfterMs + 1_000);
  await run.settled();
  assertEquals(names(), rows, "after the comparison that follows a start");
  const again = new Map(deleted.map((id) => [id, "back again"]));
  for (const [id, name] of again) rows.set(id, name);
  await after.put(again);
  await run.settled();
  assertEquals(names(), rows, "when deleted rows are back");
});
