import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { int8, json, numeric, timestamptz } from "../../src/formats/columns.ts";
import { createDecoder, type DecoderOptions } from "../../src/formats/decoder.ts";
import { readyColumns } from "../../src/formats/row_reader.ts";
import { type RowLayout, rowScanner, scannedKeys } from "../../src/formats/row_scanner.ts";
import { loadMessage } from "../../src/formats/scanned_bytes.ts";
import { formOf } from "../../src/formats/scanned_forms.ts";
import { UNAVAILABLE_DEFAULT, unavailableTest } from "../../src/formats/unavailable.ts";
import { captured, fixtureFiles, schemaOf } from "./fixtures.ts";
import { loopedRows } from "./looped_rows.ts";
import { randomOf } from "./random.ts";
import { randomRecord, randomTopic } from "./random_envelopes.ts";
import { answer, readersOf, same } from "./scanned_support.ts";
import { after, encoder, envelope, row } from "./support.ts";

const things: DecoderOptions = { source: "things", key: ["id"], row };
const names = ["id", "name", "price"];
const scannerOf = (options: Partial<DecoderOptions> = {}, wire: readonly string[] = names) =>
  readersOf({ ...things, ...options }, wire).scanner;
const bytes = (text: string) => encoder.encode(text);

Deno.test("envelopeScanner() reads at least 95 % of what Debezium writes every day", () => {
  let all = 0;
  let scanned = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomOf(seed);
    const topic = randomTopic(random);
    // Other settings of the connector, or columns that do not come, are not what is written every day.
    if (topic.options.placeholder !== undefined || topic.options.format !== undefined) continue;
    const { scanner, alone } = readersOf(topic.options, Object.keys(topic.wire));
    for (let index = 0; index < 50; index++) {
      const { key, value } = randomRecord(topic, { random, oddOneIn: Infinity });
      const told = answer(alone, { key, value }) as { kind?: string };
      // A declared type that does not fit what is written is refused by both.
      if (told.kind !== "upsert") continue;
      all++;
      if (scanner.scan(index % 2 === 0 ? value : bytes(value)) !== null) scanned++;
    }
  }
  assert(all > 1_000, `${all} envelopes`);
  assert(scanned >= 0.95 * all, `of ${all} envelopes ${scanned} were scanned`);
});

Deno.test("envelopeScanner() reads all captured envelopes that have their columns", () => {
  const read: Record<string, [scanned: number, all: number]> = {};
  for (const file of ["a_initial_snapshot", "b1_iud_full", "b2_iud_ri_default", "o_kill9_connect"]) {
    read[file] = [0, 0];
    const scanners = new Map<string, ReturnType<typeof scannerOf>>();
    for (const { topic, value } of captured(file)) {
      if (value === null || schemaOf(topic) === schemaOf("users") && !topic.endsWith(".users")) continue;
      const known = scanners.get(topic);
      const wire = Object.keys(JSON.parse(value).after ?? {});
      if (known === undefined && wire.length === 0) continue;
      const scanner = known ?? scannerOf({ row: schemaOf(topic) }, wire);
      scanners.set(topic, scanner);
      read[file][1]++;
      if (scanner.scan(bytes(value)) !== null) read[file][0]++;
    }
    assert(read[file][1] >= 3, `${file}: ${read[file]}`);
    assertEquals(read[file][0], read[file][1], file);
  }
  assert(fixtureFiles.length > 4);
});

Deno.test("an envelope that is cut off, or has one byte more or another one, is read as without the scanner", () => {
  const full = {
    id: int8(),
    name: z.string(),
    price: numeric(12, 2),
    at: timestamptz(),
    doc: json(),
    tags: z.array(z.string()),
  };
  const wire = '{"id":7,"name":"Lamp","price":"19.90","at":"2026-11-22T04:35:30.5Z",' +
    '"doc":"{\\"a\\": 1}","tags":["a","b"],"x":{"y":[1]}}';
  const options = { ...things, row: z.object(full) };
  const { alone, both, scanner } = readersOf(options, Object.keys(JSON.parse(wire)));
  for (const text of [envelope("u", wire), envelope("u", wire, wire), envelope("d", "null", wire)]) {
    const whole = bytes(text);
    assert(scanner.scan(whole) !== null, text);
    const check = (value: Uint8Array) => {
      const message = { key: bytes('{"id":7}'), value };
      const [expected, actual] = [answer(alone, message), answer(both, message)];
      assert(same(expected, actual), `${new TextDecoder().decode(value)} ${JSON.stringify([expected, actual])}`);
    };
    for (let at = 0; at <= whole.length; at++) {
      check(whole.slice(0, at));
      for (const byte of bytes('"\\{}[],: 0-.eu\0\n')) {
        check(Uint8Array.from([...whole.slice(0, at), byte, ...whole.slice(at)]));
        check(Uint8Array.from([...whole.slice(0, at), byte, ...whole.slice(at + 1)]));
      }
    }
  }
});

/** What could be taken for a part of the envelope, or for JSON; `#` begins a row, `$` ends an envelope. */
const MISLEADING: readonly string[] = [
  // Quoted, or of another level.
  '{"before":{"name":"},\\"after\\":{\\"id\\":8","x":[{"after":1}]},"after":{"id":7,"name":"},","price":null}$',
  '{"before":null,"after":{"id":7,"name":",\\"source\\":{","price":"1.00"}$',
  '{"before":{"a":{"b":1},"after":{"id":9,"name":"x","price":null},"source":{}},"after":#}$',
  // A row with a column that looks like the envelope's own, and a rest that is no JSON.
  '{"before":null,"after":#,"doc":{"a":1,"source":{"b":2}}},"source":{broken},"op":"c"}',
  '{"before":null,"after":#,"source":{"b":2}},"source":{broken},"op":"c"}',
  '{"before":null,"after":#,"doc":{"a":1,"source":{"b":2}}}$',
  // Two of a kind: the last one counts.
  '{"before":null,"after":#,"name":"y"}$',
  '{"before":{},"after":#},"source":{},"after":{"id":7,"name":"y","price":null},"op":"c"}',
  '{"before":null,"after":#},"source":{},"op":"c","op":"d"}',
  '{"before":null,"after":#},"source":{"op":"d"},"op":"u","transaction":{"id":"1","op":"c"}}',
  '{"before":null,"after":#},"source":{"a":"p"},"op":"u","p":1}',
  '{"before":null,"after":#},"source":{"a":1,"op":"c"},"op":7}',
  '{"before":null,"after":#},"source":{},"op":"c","x":",\\"op\\":\\"d\\""}',
  // No JSON, or another one.
  '{"before":null,"after":#]$',
  '{"before":null,"after":#,"doc":{"a":[1}]}$',
  '{"before":null,"after":#}}$',
  '{"before":null,"after":null$',
  '{"before":null,"after":[7,"x",null]$',
];

Deno.test("an envelope that misleads is read as without the scanner, which knows all of its orders", () => {
  const rest = ',"source":{"name":"shop"},"op":"u","ts_ms":1795322174979}';
  const orders = [names, [...names, "doc"], [...names, "source"]];
  const start = '{"id":7,"name":"x","price":null';
  for (const text of MISLEADING.map((text) => text.replaceAll("#", () => start).replace("$", () => rest))) {
    const { alone, both } = readersOf(things, names);
    for (const order of orders) {
      const row = order.map((name) => `"${name}":${name === "id" ? 7 : name === "name" ? '"x"' : "null"}`).join();
      both.decode({ key: bytes('{"id":7}'), value: bytes(envelope("c", `{${row}}`)) });
    }
    const message = { key: bytes('{"id":7}'), value: bytes(text) };
    const [expected, actual] = [answer(alone, message), answer(both, message)];
    assert(same(expected, actual), `${text} ${JSON.stringify([expected, actual])}`);
  }
});

Deno.test("envelopeScanner() sees a second operation behind the place where the only one has stood", () => {
  const tail = ',"op":"u","ts_ms":1795322174979}';
  const twice = `,"op":"u","op":"d","n":${"1".repeat(tail.length - 24)}}`;
  assertEquals(twice.length, tail.length);
  const start = `{"before":null,"after":${after},"source":{}`;
  const { alone, both, scanner } = readersOf(things, names);
  for (const text of [start + tail, start + tail, start + twice]) {
    const message = { key: '{"id":7}', value: text };
    assert(same(answer(alone, message), answer(both, message)), text);
    assertEquals(scanner.scan(text)?.op, text.endsWith(tail) ? "u" : undefined);
  }
});

Deno.test("envelopeScanner() reads no decimal by its form where the format or the placeholder says otherwise", () => {
  const text = envelope("u", '{"id":7,"name":"Lamp","price":"1.50"}');
  assert(scannerOf().scan(text) !== null);
  assertEquals(scannerOf({ placeholder: "1.50" }).scan(text), null);
  assertEquals(scannerOf({ format: { decimals: "precise" } }).scan(text), null);
  assert(scannerOf({ format: { decimals: "precise" } }).scan(text.replace("1.50", "AZA=")) !== null);
});

Deno.test("rowScanner() is the loop that it is compiled from", () => {
  let read = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed);
    const { options, wire } = randomTopic(random);
    const columns = readyColumns("things", options)
      .map((column, index) => ({ ...column, index, convert: null, form: formOf(column) }));
    const keys = scannedKeys(Object.keys(wire), columns);
    const layout: RowLayout = { keys, columns, isUnavailable: unavailableTest(UNAVAILABLE_DEFAULT) };
    const [compiled, looped] = [rowScanner(layout), loopedRows(layout)];
    for (let index = 0; index < 50; index++) {
      const { value } = randomRecord({ options, wire }, { random, oddOneIn: 30 });
      const text = value.slice(value.indexOf('"after":') + '"after":'.length);
      loadMessage(text);
      const expected = looped();
      loadMessage(text);
      assert(same(expected, compiled()), `seed ${seed}: ${text}`);
      if (expected !== null) read++;
    }
  }
  assert(read > 2_000, `${read} rows`);
});

Deno.test("createDecoder() parses no envelope of an order that it has seen", () => {
  const decoder = createDecoder(things);
  const parse = JSON.parse;
  let parsed = 0;
  JSON.parse = (...parameters: Parameters<typeof parse>) => {
    parsed++;
    return parse(...parameters);
  };
  try {
    for (const text of [envelope("c", after), envelope("u", after), envelope("u", after, after)]) {
      decoder.decode({ key: bytes('{"id":7}'), value: bytes(text) });
      decoder.decode({ key: '{"id":7}', value: text });
    }
  } finally {
    JSON.parse = parse;
  }
  assertEquals(parsed, 1);
});

Deno.test("envelopeScanner() knows the orders of a table that changes, and learns anew", () => {
  const scanner = scannerOf();
  const wider = envelope("c", '{"id":7,"name":"Lamp","colour":"red","price":"19.90"}');
  assertEquals(scanner.scan(wider), null);
  scanner.learn(["id", "name", "colour", "price"]);
  for (let time = 0; time < 3; time++) {
    assertEquals(scanner.scan(wider)?.names.length, 4);
    assertEquals(scanner.scan(envelope("c", after))?.names.length, 3);
  }
  for (let other = 0; other < 40; other++) scanner.learn(["id", `other_${other}`]);
  assertEquals(scanner.scan(wider), null, "forgotten");
  scanner.learn(["id", "name", "colour", "price"]);
  assertEquals(scanner.scan(wider), null, "a topic of too many orders is not worth it");
});

Deno.test("envelopeScanner() learns no rows that lack key columns, which are taken from the key", () => {
  const options = { row: row.extend({ id: int8().optional() }) };
  const text = envelope("c", '{"name":"Lamp","price":"19.90"}');
  assertEquals(scannerOf(options, ["name", "price"]).scan(text), null);
  assert(scannerOf({ ...options, key: ["name"] }, ["name", "price"]).scan(text) !== null);
});

Deno.test("envelopeScanner() rests when it can read nothing, and is back when it can", () => {
  const scanner = scannerOf();
  for (let time = 0; time < 1_000; time++) assertEquals(scanner.scan('{"other":"message"}'), null);
  let tries = 1;
  while (scanner.scan(envelope("c", after)) === null) assert(++tries < 40);
  assert(tries > 1);
  assert(scanner.scan(envelope("c", after)) !== null);
});

Deno.test("envelopeScanner() leaves what is too long to the parser", () => {
  const long = envelope("c", `{"id":7,"name":"${"x".repeat(70_000)}","price":"19.90"}`);
  assertEquals(scannerOf().scan(long), null);
  assertEquals(scannerOf().scan(bytes(long)), null);
  const almost = envelope("c", `{"id":7,"name":"${"x".repeat(20_000)}","price":"19.90"}`);
  assertEquals(scannerOf().scan(almost)?.row?.name, "x".repeat(20_000));
  assertEquals(scannerOf().scan(bytes(almost))?.row?.name, "x".repeat(20_000));
});
