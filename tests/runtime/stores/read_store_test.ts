import { assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../../src/record/decimal.ts";
import type { StoreAnswer } from "../../../src/runtime/stores/read_store.ts";
import type { StoreQuery } from "../../../src/runtime/stores/store_query.ts";
import { openPair, OPTIONS, watched } from "../standby_pair.ts";
import type { StepRun } from "../step_run.ts";
import { openThings, THINGS } from "../things.ts";
import { read, storeOf } from "./store_of.ts";

function thingsOf({ runner }: StepRun, query: Partial<StoreQuery> = {}): StoreAnswer {
  return read(runner.stores().find(({ name }) => name === "things")!, query);
}

const ids = ({ rows }: StoreAnswer) => rows.map(({ key }) => key.id);

const COMPOSITE = storeOf(["id", "code"], [
  [10, "b"],
  [9, "a"],
  [2n ** 60n, "EUR"],
  [10, "a,b"],
  [10, "ba"],
  [Decimal.parse("9.5"), "c"],
  [null, "a"],
]);

for (
  const [what, query, found] of [
    ["all, by value", {}, [6, 1, 5, 3, 0, 4, 2]],
    ["one key", { key: "10,b" }, [0]],
    ["one key with a comma in a quoted text", { key: '10,"a,b"' }, [3]],
    ["one key by its columns", { key: '{"code":"EUR","id":"1152921504606846976"}' }, [2]],
    ["the first column", { key: "10" }, [3, 0, 4]],
    ["the second column alone", { key: '{"code":"a"}' }, [6, 1]],
    ["a number of another form", { key: "9.50" }, [5]],
    ["null", { key: "null,a" }, [6]],
    ["a prefix of the last text", { prefix: "10,b" }, [0, 4]],
    ["a range of the first column", { from: "9.5", to: "10" }, [5, 3, 0, 4]],
    ["a range with both columns", { from: "10,b" }, [0, 4, 2]],
    ["a number that is not there", { key: "11" }, []],
    ["more than the limit", { limit: 2 }, [6, 1]],
  ] as [string, Partial<StoreQuery>, number[]][]
) {
  Deno.test(`readStore() finds ${what}`, () => {
    const answer = read(COMPOSITE, query);
    assertEquals([answer.rows.map(({ value }) => value), answer.next !== null], [found, query.limit === 2]);
  });
}

Deno.test("readStore() takes the key of a single column as it is, with the spaces that it begins or ends with", () => {
  const texts = storeOf(["t"], [[" lead"], ["lead"], ["trail "], [" quoted"]]);
  for (const [key, found] of [[" lead", [0]], ["lead", [1]], ["trail ", [2]], ['" quoted"', [3]]] as const) {
    assertEquals(read(texts, { key }).rows.map(({ value }) => value), [...found], key);
  }
  assertEquals(read(storeOf(["a", "b"], [["x", " y"], ["x", "y"]]), { key: 'x, " y"' }).rows.length, 1);
});

Deno.test("readStore() takes a range of a windowed store as times at which windows begin", () => {
  const start = Date.parse("2026-01-01T00:00:00Z") * 1_000;
  const keys = [["a", start], ["a", start + 60e6], ["b", start], ["b", start + 120e6]];
  const store = storeOf(["user", "window_start"], keys, { windowed: true });
  const found = (query: Partial<StoreQuery>) => read(store, query).rows.map(({ value }) => value);
  assertEquals(found({ key: "a" }), [0, 1]);
  assertEquals(found({ key: "a", to: "2026-01-01T00:00:00Z" }), [0]);
  assertEquals(found({ from: "2026-01-01T00:01:00Z" }), [1, 3]);
  assertEquals(found({ prefix: "b", from: String(start + 1) }), [3]);
  assertThrows(() => found({ from: "noon" }), TypeError, "time at which windows begin");
});

Deno.test("readStore() finds texts that the database calls equal, and fractions as they are written", () => {
  const keys = [["abc", 0.1], ["abc", 0.30000000000000004], ["b", 1e21]];
  const store = storeOf(["code", "share"], keys, { text: "lower" });
  const found = (query: Partial<StoreQuery>) => read(store, query).rows.map(({ value }) => value);
  assertEquals(found({ key: "ABC" }), [0, 1]);
  assertEquals(found({ key: "aBc,0.1" }), [0]);
  assertEquals(found({ key: "abc,0.30000000000000004" }), [1]);
  assertEquals(found({ prefix: "A" }), [0, 1]);
  assertEquals(found({ from: "ABC,0.2" }), [1, 2]);
  assertEquals(found({ key: "b,1e21" }), [2]);
});

Deno.test("readStore() refuses what the key does not have", () => {
  assertThrows(() => read(COMPOSITE, { key: "1,2,3" }), TypeError, "3 values: it has 2, which are id, code");
  assertThrows(() => read(COMPOSITE, { key: '{"name":1}' }), TypeError, "the columns of the key are id, code");
  assertThrows(() => read(COMPOSITE, { prefix: '{"code":"a"}' }), TypeError, "without a gap");
});

Deno.test("readStore() gives rows by key, prefix and range, with how far the partitions are", async () => {
  await using world = await openThings({ partitions: 2 });
  await world.put([[1, "one"], [2, "two"], [10, "ten"], [-3, "minus"]]);
  const run = world.spawn();
  await run.settled();
  const { end } = await world.log.offsets(THINGS);
  const one = thingsOf(run, { key: "1" });
  assertEquals(one.rows.map(({ key, value }) => [key, value]), [[{ id: 1 }, { id: 1, name: "one" }]]);
  assertEquals(
    one.parts,
    end.map((offset, partition) => {
      return { partition, state: "running", position: [{ topic: THINGS, partition, offset }], lag: 0 };
    }),
  );
  assertEquals([ids(thingsOf(run)), ids(thingsOf(run, { from: "1", to: "9" }))], [[-3, 1, 2, 10], [1, 2]]);
  assertEquals(thingsOf(run, { key: "7" }).rows, []);
  await world.put([[1, null]]);
  await run.settled();
  assertEquals(ids(thingsOf(run, { key: "1" })), []);
});

Deno.test("readStore() says that a partition is being restored, and how far it is", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put([[1, "one"], [2, "two"]]);
  const { log, state } = watched(world.log);
  state.silent = true;
  const run = world.spawn({ log });
  await world.until(() => run.runner.stores().length > 0 && thingsOf(run).parts.length > 0);
  const { rows, parts: [{ state: was, lag }] } = thingsOf(run, { key: "1" });
  assertEquals([rows, was, lag], [[], "restoring", null]);
  state.silent = false;
  await run.settled();
  assertEquals([ids(thingsOf(run, { key: "1" })), thingsOf(run).parts[0].state], [[1], "running"]);
});

Deno.test("readStore() has partitions of this instance alone; a standby's say so", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put([[1, "one"]]);
  const [owner, standby] = await openPair(world);
  assertEquals(thingsOf(owner).parts[0].state, "running");
  const kept = thingsOf(standby, { key: "1" });
  assertEquals([ids(kept), kept.parts[0].state, kept.parts[0].lag], [[1], "standby", 0]);
  const third = world.spawn({ options: { ...OPTIONS, standbys: 0 } });
  await third.settled();
  assertEquals([thingsOf(third).parts, thingsOf(third, { key: "1" }).rows], [[], []]);
});
