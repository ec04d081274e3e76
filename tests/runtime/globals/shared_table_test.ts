import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { debezium, int8 } from "../../../src/mod.ts";
import { sharedTable } from "../../../src/runtime/globals/shared_tables.ts";
import { GivenLog, kinds, NAMES, noting } from "./given_log.ts";

/** A table that one user has, and a second one that comes. */
function opened() {
  const log = new GivenLog();
  const table = sharedTable(NAMES, log.place());
  const first = noting(table);
  table.join(first);
  return { log, table, first };
}

Deno.test("sharedTable() gives the same table to those who would read the same, and reads it once", async () => {
  const { log, table, first } = opened();
  await log.give([1, "one"], [2, "two"]);
  const again = sharedTable({ ...NAMES, source: kinds.pick("name").spec }, log.place());
  assert(again === table);
  const second = noting(again);
  again.join(second);
  assertEquals(again.rows.held(2), { id: 2, name: "two" });
  await log.give([2, null], [1, "one again"]);
  assertEquals(first.told, ["1 one", "2 two", "2 gone", "1 one again"]);
  assertEquals(second.told, ["2 gone", "1 one again"]);
  assertEquals([table.users, log.readers, table.positions], [2, 1, [4]]);
  await Promise.all([table.leave(first), table.leave(second)]);
});

Deno.test("sharedTable() gives another table to whoever would read something else", async () => {
  const { log, table, first } = opened();
  await log.give([1, "one"]);
  const others = {
    "another name": [{ ...NAMES, name: "renamed" }, log.place()],
    "other columns": [{ ...NAMES, source: kinds.pick("name", "at").spec }, log.place()],
    "another reader of a column": [
      {
        ...NAMES,
        source: debezium("x.public.kinds", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) }).spec,
      },
      log.place(),
    ],
    "another process": [NAMES, { ...log.place(), process: {} }],
  } as const;
  for (const [what, [declared, place]] of Object.entries(others)) {
    assert(sharedTable(declared, place) !== table, what);
  }
  assert(sharedTable(NAMES, log.place()) === table);
  await table.leave(first);
});

Deno.test("sharedTable() gives another table, and says why, where the topic is not what was read", async () => {
  const { log, table, first } = opened();
  await log.give([1, "one"]);
  const others = {
    'topic "x.public.kinds" was made again since': log.place({ id: "second" }),
    'the log does not tell whether topic "x.public.kinds" is still the same': log.place({ id: null }),
    'topic "x.public.kinds" has another number of partitions': log.place({
      partitions: 2,
      offsets: { start: [0, 0], end: [1, 1] },
    }),
    'topic "x.public.kinds" begins elsewhere now': log.place({ offsets: { start: [1] } }),
  };
  for (const [why, place] of Object.entries(others)) {
    const told: string[] = [];
    const process = {};
    const table = sharedTable(NAMES, { ...log.place(), process });
    assert(sharedTable(NAMES, { ...place, process, onUnfit: (reason) => told.push(reason) }) !== table);
    assertEquals(told, [why]);
  }
  const told: string[] = [];
  assert(sharedTable(NAMES, { ...log.place(), onUnfit: (reason) => told.push(reason) }) === table);
  assertEquals(told, []);
  await table.leave(first);
});

Deno.test("sharedTable() gives no table that cannot tell any more what could not be read", async () => {
  const { log, table, first } = opened();
  await log.give(...Array.from({ length: 2_500 }, (_, id) => String(id)));
  const told: string[] = [];
  assert(sharedTable(NAMES, { ...log.place(), onUnfit: (reason) => told.push(reason) }) !== table);
  assertEquals(told, ["too many of its records could not be read to tell of them again"]);
  await table.leave(first);
});

Deno.test("sharedTable() gives no table that may have missed a tombstone", async () => {
  const { log, table, first } = opened();
  await log.give([1, "one"]);
  const later = () => sharedTable(NAMES, log.place({ offsets: { end: [9] } })) === table;
  log.clock.advance(500);
  assert(later());
  log.clock.advance(1);
  assert(!later());
  // Whatever the time: it has read everything that is there.
  assert(sharedTable(NAMES, log.place()) === table);
  // Asked for before, and after.
  for (const fresh of [false, true]) {
    await log.nothing();
    assertEquals(later(), fresh);
  }
  log.clock.advance(501);
  assert(!later());
  await table.leave(first);
});

Deno.test("SharedTable tells who comes later what it would have met, and nothing that was mended", async () => {
  const { log, table, first } = opened();
  await log.give("5", "6", [5, "five"]);
  await log.fetched({ problem: "the data is damaged" });
  const second = noting(table);
  table.join(second);
  assertEquals(first.told, [
    "unread 0 not_json",
    "unread 1 not_json",
    "5 five",
    "mended 5",
    "problem the data is damaged",
  ]);
  assertEquals(second.told, ["unread 1 not_json", "problem the data is damaged"]);
  assertEquals(table.stale.size, 1);
  await log.give([6, "six"]);
  assertEquals(second.told.splice(2), ["problem null", "6 six", "mended 6"]);
  await Promise.all([table.leave(first), table.leave(second)]);
});

Deno.test("SharedTable goes on for the others when one throws", async () => {
  const { log, table, first } = opened();
  const broken = noting(table, { throws: 2 });
  table.join(broken);
  const last = noting(table);
  table.join(last);
  await log.give([1, "one"], [2, "two"], [3, "three"]);
  assertEquals(broken.told, ["1 one", "a bug with 2"]);
  for (const { told } of [first, last]) assertEquals(told, ["1 one", "2 two", "3 three"]);
  await Promise.all([first, broken, last].map((user) => table.leave(user)));
  assertEquals(log.readers, 0);
});

Deno.test("SharedTable of a log that lost its position ends for all, and nobody joins it any more", async () => {
  const { log, table, first } = opened();
  const second = noting(table);
  table.join(second);
  await log.give([1, "one"]);
  await log.fetched({ outOfRange: { startOffset: 5, endOffset: 9 } });
  for (const { told } of [first, second]) assertEquals(told, ["1 one", "lost"]);
  assert(sharedTable(NAMES, log.place()) !== table);
  assertEquals(table.rows.held(1), { id: 1, name: "one" });
  await Promise.all([table.leave(first), table.leave(second)]);
});

Deno.test("SharedTable is read until the last user has left, and then made anew", async () => {
  const { log, table, first } = opened();
  const second = noting(table);
  table.join(second);
  await table.leave(first);
  await log.give([1, "one"]);
  assertEquals([first.told, second.told], [[], ["1 one"]]);
  await table.leave(second);
  const anew = sharedTable(NAMES, log.place());
  assert(anew !== table);
  assertEquals([anew.rows.keys.size, anew.positions], [0, [0]]);
});
