import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { lineReader } from "../../../src/cli/produce/line_records.ts";
import { debezium, int8, numeric, timestamptz } from "../../../src/mod.ts";
import { ConfigError } from "../../../src/record/errors.ts";

const TOPIC = "shop.public.notes";
const { spec } = debezium(TOPIC, {
  key: ["id"],
  row: z.object({ id: int8(), price: numeric(10, 2), text: z.string().nullable() }),
});
const pair = debezium(TOPIC, {
  key: ["day", "name"],
  row: z.object({ day: timestamptz(), name: z.string() }),
}).spec;

function keysOf(line: string, source = spec): string[] {
  return lineReader(TOPIC, [source]).read(line).records.map(({ key }) => key!);
}

Deno.test("lineReader() makes a row of a row, and keeps every digit", () => {
  const { kind, records } = lineReader(TOPIC, [spec]).read('{"id":9007199254740993,"price":"1.10","text":null}');
  assertEquals([kind, records.length, records[0].key], ["row", 1, '{"id":9007199254740993}']);
  const { after, op } = JSON.parse(records[0].value!);
  assertEquals([records[0].value!.includes('"id":9007199254740993,'), after.price, op], [true, "1.10", "r"]);
});

Deno.test("lineReader() takes envelopes, and writes a delete with its tombstone", () => {
  const created = '{"op":"c","before":null,"after":{"id":1,"price":"2","text":"x"}}';
  assertEquals(lineReader(TOPIC, [spec]).read(created), {
    kind: "row",
    records: [{ key: '{"id":1}', value: created }],
  });
  const short = lineReader(TOPIC, [spec]).read('{"op":"u","after":{"id":1,"price":"2","text":"x"}}');
  assertEquals(JSON.parse(short.records[0].value!), { ...JSON.parse(created), op: "u" });
  const deleted = '{"before":{"id":1},"after":null,"op":"d"}';
  assertEquals(lineReader(TOPIC, [spec]).read('{"op":"d","before":{"id":1}}').records[0].value, deleted);
  assertEquals(lineReader(TOPIC, [spec]).read(deleted), {
    kind: "delete",
    records: [{ key: '{"id":1}', value: deleted }, { key: '{"id":1}', value: null }],
  });
});

Deno.test("lineReader() takes a key that is given, whole or the value of a single column", () => {
  for (const key of ['{"id":7}', "7"]) {
    assertEquals(lineReader(TOPIC, [spec]).read(`{"key":${key},"value":null}`), {
      kind: "tombstone",
      records: [{ key: '{"id":7}', value: null }],
    });
  }
  assertEquals(keysOf('{"value":{"id":7,"price":"1","text":null},"key":{"id":7}}'), ['{"id":7}']);
});

Deno.test("lineReader() writes keys as Debezium does, whatever form and order they come in", () => {
  const line = '{"name":"\\ud83d\\ude00","day":"2024-06-15T12:34:56.1+02:00","more":1}';
  assertEquals(keysOf(line, pair), ['{"day":"2024-06-15T10:34:56.100000Z","name":"\\uD83D\\uDE00"}']);
});

Deno.test("lineReader() tells the columns that no topology reads", () => {
  const reader = lineReader(TOPIC, [
    spec,
    debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), b: z.int() }) }).spec,
  ]);
  reader.read('{"id":1,"price":"2","text":null,"b":1,"colour":"red"}');
  assertEquals([...reader.unreadColumns()], [["colour", 1]]);
});

Deno.test("lineReader() refuses what would become a dead letter, and says why", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["{", "not JSON"],
    ["[1]", "one JSON object"],
    ['{"price":"1"}', 'key column "id" is missing'],
    ['{"id":"x","price":"1","text":null}', "id"],
    ['{"id":1,"price":"1"}', "text"],
    ['{"id":1,"price":"1.234","text":null}', "price"],
    ['{"op":"x","after":{"id":1}}', '"op" is "x"'],
    ['{"op":"u","after":null}', '"after" is null'],
    ['{"key":{"id":1},"value":{"id":2,"price":"1","text":null}}', "id"],
    ['{"key":{"id":1},"value":5}', '"value" must be'],
  ];
  for (const [line, text] of cases) assertThrows(() => lineReader(TOPIC, [spec]).read(line), ConfigError, text);
});

Deno.test("lineReader() needs the key of a topic that no topology declares", () => {
  const reader = lineReader("shop.public.others", []);
  assertThrows(() => reader.read('{"id":1}'), ConfigError, "no topology has");
  assertEquals(reader.read('{"key":{"id":1},"value":{"a":1.50}}').records[0].key, '{"id":1}');
  assertEquals(reader.read('{"key":{"id":1},"value":{"a":1.50}}').records[0].value!.includes('"a":1.50'), true);
});
