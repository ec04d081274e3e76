import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, Decimal, float8, int8, numeric, timestamptz, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type RawRecord, type TopologyTestDriver } from "../../src/testing/mod.ts";

const things = debezium("shop.public.things", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), price: numeric(5, 2), weight: float8().nullable(), at: timestamptz() }),
});

const shownThings = clickhouse("things", {
  key: ["id"],
  columns: {
    id: "Int64",
    name: "String",
    price: "Decimal(5, 2)",
    weight: "Nullable(Float64)",
    at: "DateTime64(6)",
  },
});

const mirror = topology("things", (builder) => builder.table(things).to(shownThings));

const TOPIC = "shop.public.things";
const GOOD = '"id":2,"name":"two","price":"2.00","weight":null,"at":"2026-01-01T00:00:00Z"';

function thing(id: number) {
  return { id, name: `thing ${id}`, price: Decimal.parse("1.00"), weight: null, at: 0 };
}

function envelope(after: string, op = "u"): string {
  return `{"before":null,"after":${after},"source":{"table":"things"},"op":"${op}","ts_ms":1}`;
}

function withColumn(name: string, json: string): string {
  return envelope(`{${GOOD.replace(new RegExp(`"${name}":("[^"]*"|[^,]*)`), `"${name}":${json}`)}}`);
}

const KEY = '{"id":2}';

/** One broken record for key 2, and the reason of its dead letter. */
const BROKEN: readonly { readonly name: string; readonly record: RawRecord; readonly reason: string }[] = [
  { name: "not JSON", record: { key: KEY, value: "this is not JSON" }, reason: "not_json" },
  { name: "half a message", record: { key: KEY, value: envelope(`{${GOOD}}`).slice(0, 90) }, reason: "not_json" },
  { name: "text where a row belongs", record: { key: KEY, value: '"row"' }, reason: "not_a_row" },
  { name: "a wrong type", record: { key: KEY, value: withColumn("name", "17") }, reason: "wrong_type" },
  {
    name: "null in a column that is not nullable",
    record: { key: KEY, value: withColumn("at", "null") },
    reason: "wrong_type",
  },
  {
    name: "a missing column",
    record: { key: KEY, value: envelope(`{${GOOD.replace('"name":"two",', "")}}`) },
    reason: "missing_column",
  },
  { name: "no row after an update", record: { key: KEY, value: envelope("null") }, reason: "missing_after" },
  { name: "an unknown operation", record: { key: KEY, value: envelope(`{${GOOD}}`, "x") }, reason: "unknown_op" },
  {
    name: "nesting of 10,000",
    record: { key: KEY, value: withColumn("name", "[".repeat(10_000) + "]".repeat(10_000)) },
    reason: "too_deep",
  },
  {
    name: "nesting of 10,000 around the whole message",
    record: { key: KEY, value: `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}` },
    reason: "missing_column",
  },
  {
    name: "invalid UTF-8",
    record: {
      key: KEY,
      value: new Uint8Array([...new TextEncoder().encode(withColumn("name", '"\u00e9"'))].filter((b) => b !== 0xa9)),
    },
    reason: "not_utf8",
  },
  {
    name: "more than 8 MiB",
    record: { key: KEY, value: withColumn("name", `"${"x".repeat(9_000_000)}"`) },
    reason: "too_large",
  },
  { name: "NaN in a numeric", record: { key: KEY, value: withColumn("price", '"NaN"') }, reason: "not_finite" },
  { name: "NaN in a double", record: { key: KEY, value: withColumn("weight", '"NaN"') }, reason: "not_finite" },
  {
    name: "infinity in a double",
    record: { key: KEY, value: withColumn("weight", '"Infinity"') },
    reason: "not_finite",
  },
  {
    name: "a double beyond all doubles",
    record: { key: KEY, value: withColumn("weight", "1e999") },
    reason: "not_finite",
  },
  { name: "an infinite timestamp", record: { key: KEY, value: withColumn("at", '"infinity"') }, reason: "not_finite" },
  {
    name: "a numeric that overflows",
    record: { key: KEY, value: withColumn("price", '"1000.00"') },
    reason: "overflow",
  },
  {
    name: "an int8 that overflows",
    record: { key: KEY, value: withColumn("id", "9223372036854775808") },
    reason: "overflow",
  },
  { name: "a truncate", record: { key: null, value: envelope("null", "t") }, reason: "truncate" },
  { name: "a null key", record: { key: null, value: envelope(`{${GOOD}}`) }, reason: "null_key" },
  { name: "a tombstone without a key", record: { key: null, value: null }, reason: "null_key" },
  { name: "a key that is no integer", record: { key: '"two"', value: null }, reason: "bad_key" },
  {
    name: "a key called __proto__",
    record: { key: '{"__proto__":2}', value: envelope(`{${GOOD}}`) },
    reason: "bad_key",
  },
  { name: "a key that is not the row's", record: { key: '{"id":3}', value: envelope(`{${GOOD}}`) }, reason: "bad_key" },
  {
    name: "a placeholder that cannot be repaired",
    record: {
      key: '{"id":99}',
      value: envelope(`{${GOOD.replace('"id":2', '"id":99').replace('"two"', '"__debezium_unavailable_value"')}}`),
    },
    reason: "unavailable",
  },
];

Deno.test("bad input becomes a dead letter with its position and reason, and nothing else is lost", async (t) => {
  for (const { name, record, reason } of BROKEN) {
    await t.step(name, async () => {
      await using driver = createTopologyTestDriver(mirror, { partitions: 1, cleanup: "delete" });
      driver.insert(things, thing(1));
      driver.insert(things, thing(2));
      driver.raw(things, record);
      driver.insert(things, thing(3));
      await driver.settle();
      driver.insert(things, thing(4));
      await driver.settle();
      assertEquals(driver.select(shownThings).map((row) => row.name), ["thing 1", "thing 2", "thing 3", "thing 4"]);
      const [letter, ...others] = driver.deadLetters();
      assertEquals(others, []);
      assertEquals([letter.topology, letter.stage, letter.reason, letter.operator], [
        "things",
        "decode",
        reason,
        TOPIC,
      ]);
      assertEquals([letter.topic, letter.partition, letter.offset], [TOPIC, 0, 2]);
      assertStringIncludes(letter.error, "Cannot ");
      assertEquals(letter.key, record.key);
      assert((letter.record ?? "").length <= 65_536);
      assertEquals(letter.record === null, record.value === null);
      await driver.restart();
      assertEquals(driver.deadLetters().length, 1, "the same record is kept once");
    });
  }
});

/** Broken and good records for several keys over three partitions. */
function writeMixed(driver: TopologyTestDriver): number {
  let broken = 0;
  for (let id = 1; id <= 60; id++) {
    driver.insert(things, thing(id));
    if (id % 3 !== 0) continue;
    driver.raw(things, { key: `{"id":${id}}`, value: `{"broken ${id}` });
    broken++;
  }
  return broken;
}

Deno.test("bad input among good records loses none of these, however many partitions there are", async () => {
  await using driver = createTopologyTestDriver(mirror);
  const broken = writeMixed(driver);
  await driver.settle();
  assertEquals(driver.select(shownThings).length, 60);
  assertEquals(driver.deadLetters().length, broken);
  assertEquals(new Set(driver.deadLetters().map((letter) => letter.partition)), new Set([0, 1, 2]));
});

Deno.test("a value of 5 MB is a row like any other", async () => {
  await using driver = createTopologyTestDriver(mirror);
  driver.insert(things, { ...thing(1), name: "x".repeat(5_000_000) });
  await driver.settle();
  assertEquals((driver.select(shownThings)[0].name as string).length, 5_000_000);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("a column called __proto__ is an unknown column: ignored, and nothing is polluted", async () => {
  await using driver = createTopologyTestDriver(mirror);
  driver.raw(things, { key: KEY, value: envelope(`{"__proto__":{"polluted":1},"constructor":7,${GOOD}}`) });
  await driver.settle();
  assertEquals(driver.select(shownThings).map((row) => row.name), ["two"]);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("a placeholder for an unchanged value is repaired from the row that is known", async () => {
  await using driver = createTopologyTestDriver(mirror);
  driver.insert(things, thing(2));
  await driver.settle();
  driver.raw(things, {
    key: KEY,
    value: envelope(`{${GOOD.replace('"two"', '"__debezium_unavailable_value"')}}`),
  });
  await driver.settle();
  assertEquals(driver.select(shownThings).map((row) => [row.name, row.price]), [["thing 2", "2.00"]]);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("a callback that throws costs its row alone, and the row is back when the callback can take it", async () => {
  const picky = topology("picky", (builder) =>
    builder.table(things).mapValues((row) => {
      if (row.name === "thing 2") throw new RangeError("two is too much");
      return row;
    }).to(shownThings));
  await using driver = createTopologyTestDriver(picky);
  for (const id of [1, 2, 3]) driver.insert(things, thing(id));
  await driver.settle();
  assertEquals(driver.select(shownThings).map((row) => row.id), [1, 3]);
  assertEquals(driver.deadLetters().map(({ stage, operator, key, reason }) => [stage, operator, key, reason]), [
    ["callback", "things.mapValues", '{"id":2}', "callback_threw"],
  ]);
  assertStringIncludes(driver.deadLetters()[0].error, "two is too much");
  driver.update(things, { id: 2, name: "fine" });
  driver.update(things, { id: 1, name: "thing 2" });
  await driver.settle();
  assertEquals(driver.select(shownThings).map((row) => row.id), [2, 3]);
});

Deno.test("a row that does not fit its ClickHouse column is set aside, the others are written", async () => {
  const narrow = clickhouse("things", { key: ["id"], columns: { id: "Int64", price: "Decimal(5, 1)" } });
  const rounding = topology("rounding", (builder) => builder.table(things).to(narrow));
  await using driver = createTopologyTestDriver(rounding);
  driver.insert(things, thing(1));
  driver.insert(things, { ...thing(2), price: Decimal.parse("1.05") });
  await driver.settle();
  assertEquals(driver.select(narrow), [{ id: 1, price: "1.0" }]);
  assertEquals(driver.deadLetters().map(({ operator, key }) => [operator, key]), [["sink things", '{"id":2}']]);
});
