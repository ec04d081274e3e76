import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { date, int8, time, timestamp } from "../../src/formats/columns.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { refusalOf, valueOf } from "./one_column.ts";

const at = Date.UTC(2026, 10, 22, 10, 15, 30) * 1000;

/** JSON text of a value, and the value read from it or the reason why not. */
const tables: Readonly<Record<string, readonly [z.ZodType, readonly (readonly [unknown, unknown])[]]>> = {
  "timestamp(3)": [timestamp(3), [
    [1795309323123, 1795309323123000],
    [-1, -1000],
    [0, 0],
    ["2026-11-22T10:15:30.123456", at + 123456],
    [-2208988800000, -2208988800000000],
    // Microseconds.
    [1795309323123456, "out_of_range"],
    [9223372036825200000, "not_finite"],
    [1.5, "wrong_type"],
  ]],
  "timestamp(0)": [timestamp(0), [[1795309323000, 1795309323000000]]],
  "timestamp(4)": [timestamp(4), [[1795309323123400, 1795309323123400]]],
  "time(3)": [time(3), [
    [86399999, 86399999000],
    [86400000, 86400000000],
    ["08:00:00.000001Z", 28800000001],
    // Microseconds.
    [86399999999, "out_of_range"],
    [-1, "out_of_range"],
  ]],
};

for (const [name, [column, cases]] of Object.entries(tables)) {
  Deno.test(`${name} reads integers in its unit, and text`, () => {
    for (const [wire, expected] of cases) {
      const value = valueOf(column, JSON.stringify(wire));
      assertEquals(value instanceof DeserializationError ? value.reason : value, expected, `${name} of ${wire}`);
    }
  });
}

Deno.test("timestamp() and time() refuse a precision that PostgreSQL has not", () => {
  for (const precision of [-1, 7, 1.5]) {
    assertThrows(() => timestamp(precision), RangeError, "timestamp's precision: use 0 to 6");
    assertThrows(() => time(precision), RangeError, "time's precision: use 0 to 6");
  }
});

/** A field of a Connect schema with a semantic type. */
function semantic(name: string): string {
  return `{"type":"int64","name":"${name}","field":"v"}`;
}

Deno.test("createDecoder() takes the unit of a time from its schema, whatever is declared", () => {
  const micros = 1718454896123456;
  const millis = 1718454896123;
  const connect = semantic("org.apache.kafka.connect.data.Timestamp");
  const list = `{"type":"array","items":{"type":"int64","name":"io.debezium.time.MicroTimestamp"},"field":"v"}`;
  for (const precision of [0, 3, 4, 6]) {
    const column = timestamp(precision);
    const name = `timestamp(${precision})`;
    const at = (type: string, wire: string) =>
      valueOf(column, { json: wire, field: semantic(`io.debezium.time.${type}`) });
    assertEquals(at("MicroTimestamp", String(micros)), micros, name);
    assertEquals(at("Timestamp", String(millis)), millis * 1000, name);
    assertEquals(at("NanoTimestamp", `${micros}000`), micros, name);
    assertEquals(valueOf(column, { json: String(millis), field: connect }), millis * 1000);
    assertEquals(valueOf(z.array(column), { json: `[${micros}]`, field: list }), [micros]);
    const moment = time(precision);
    const daily = (type: string, wire: string) =>
      valueOf(moment, { json: wire, field: semantic(`io.debezium.time.${type}`) });
    assertEquals([daily("Time", "14711789"), daily("MicroTime", "14711789001"), daily("NanoTime", "14711789001000")], [
      14711789000,
      14711789001,
      14711789001,
    ]);
  }
  // An integer without semantic type is of the declared unit, as without a schema.
  assertEquals(valueOf(timestamp(3), { json: String(millis), field: '{"type":"int64","field":"v"}' }), millis * 1000);
});

Deno.test("createDecoder() refuses a number that its schema calls something else than the column", () => {
  const cases: readonly (readonly [z.ZodType, string, string])[] = [
    [date(), "Year", "2024"],
    [timestamp(), "Date", "17424"],
    [time(), "MicroDuration", "3600000000"],
    [date(), "Time", "17424"],
    [time(3), "Timestamp", "17424"],
    [date().nullable(), "Year", "2024"],
  ];
  for (const [schema, name, wire] of cases) {
    const { reason, message } = refusalOf(schema, { json: wire, field: semantic(`io.debezium.time.${name}`) });
    assertEquals(reason, "wrong_type");
    assertStringIncludes(message, `${wire} of the type io.debezium.time.${name}. Declare the column as`);
  }
  assertEquals(valueOf(z.int(), { json: "2024", field: semantic("io.debezium.time.Year") }), 2024);
  assertEquals(valueOf(int8(), { json: "3600000000", field: semantic("io.debezium.time.MicroDuration") }), 3600000000);
});

Deno.test("a refused time names the declaration of its unit", () => {
  assertStringIncludes(refusalOf(timestamp(3), "1718454896123456").message, "declare timestamp()");
  assertStringIncludes(refusalOf(time(3), "45296789000").message, "declare time()");
  assertStringIncludes(refusalOf(timestamp(), "1718454896123456000").message, "time.precision.mode=microseconds");
  assertStringIncludes(refusalOf(time(), "-3600000000").message, "int8()");
});

Deno.test("DebeziumTable writes milliseconds for timestamp(3) and time(3), which are read back", async () => {
  const row = z.object({ id: int8(), at: timestamp(3), daily: time(3).nullable(), all: z.array(timestamp(3)) });
  const things = debezium("shop.public.things", { key: ["id"], row });
  const columns = { id: "Int64", at: "DateTime64(6)", daily: "Nullable(Int64)", all: "Array(Int64)" } as const;
  const shown = clickhouse("things", { key: ["id"], columns });
  await using driver = createTopologyTestDriver(topology("things", (builder) => builder.table(things).to(shown)));
  const value = { id: 1, at: at + 123_000, daily: 1_000, all: [at] };
  driver.insert(things, value);
  await driver.settle();
  const [{ daily, all }] = driver.select(shown);
  assertEquals([daily, all, driver.deadLetters()], [1_000, [at], []]);
  assertThrows(() => driver.insert(things, { ...value, id: 2, at: at + 1 }), RangeError, "whole milliseconds");
});
