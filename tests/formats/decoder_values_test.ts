import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { char, date, int8, json, numeric, timestamp, timestamptz, uuid } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { Decimal } from "../../src/record/decimal.ts";
import { decode, encoder, envelope, told } from "./support.ts";

Deno.test("createDecoder() names unavailable columns of every type", () => {
  const p = "__debezium_unavailable_value";
  const codes = JSON.stringify([...encoder.encode(p)]);
  const types = z.object({
    id: int8(),
    body: z.string().nullable(),
    doc: json(),
    bin: z.string(),
    amount: numeric(12, 2),
    tags: z.array(z.string()),
    ints: z.array(int8()),
    refs: z.array(uuid()),
    numbers: z.array(numeric(5, 2)),
    small: z.array(z.string()),
    kept: z.string(),
  });
  // md5sum of the placeholder is b68a35a717adc5b3ef2aae46edb4545a; version 3 and the variant are set in bytes 6 and 8.
  const named = "b68a35a7-17ad-35b3-af2a-ae46edb4545a";
  const value = envelope(
    "u",
    `{"id":7,"body":"${p}","doc":"{\\"${p}\\":\\"${p}\\"}","bin":"${
      btoa(p)
    }","amount":"${p}","tags":["${p}"],"ints":${codes},` +
      `"refs":["${named}"],"numbers":${codes},"small":["${p}","x"],"kept":"x ${p}"}`,
  );
  const decoded = decode(value, '{"id":7}', { row: types });
  assert(decoded.kind === "upsert");
  assertEquals(decoded.unavailable, ["body", "doc", "bin", "amount", "tags", "ints", "refs", "numbers"]);
  assertEquals(Object.keys(decoded.row), Object.keys(types.shape));
  assertEquals([decoded.row.body, decoded.row.small, decoded.row.kept], [undefined, [p, "x"], `x ${p}`]);
  const own = envelope("u", '{"id":7,"name":"~","price":null}');
  assertEquals(told(decode(own, '{"id":7}', { placeholder: "~" })), ["upsert", 7, {
    id: 7,
    name: undefined,
    price: null,
  }, ["name"]]);
  assertEquals(told(decode(own, '{"id":7}', { placeholder: "hex:7e" })).at(-1), ["name"]);
  assertThrows(() => decode(own, '{"id":7}', { placeholder: "hex:7" }), RangeError);
});

Deno.test("createDecoder() reads numbers with all their digits", () => {
  const wide = z.object({
    id: int8(),
    big: int8(),
    amount: numeric(),
    list: z.array(int8()),
    nested: z.array(numeric().nullable()),
    x: z.number(),
  });
  const text = '{"id":9007199254740993,"big":-9223372036854775808,"amount":0.1000000000000000055511151231257827,' +
    '"list":[1,9007199254740993],"nested":[1.50,null,"2.5"],"x":1.50}';
  const form = (value: string) => {
    const decoded = decode(value, '{"id":9007199254740993}', { row: wide });
    assert(decoded.kind === "upsert");
    const { amount, nested, ...rest } = decoded.row;
    return [decoded.key, rest, String(amount), String(nested)];
  };
  const expected = [
    "9007199254740993",
    { id: 9007199254740993n, big: -9223372036854775808n, list: [1, 9007199254740993n], x: 1.5 },
    "0.1000000000000000055511151231257827",
    "1.50,,2.5",
  ];
  assertEquals(form(envelope("c", text)), expected);
  assertEquals(form(text), expected);
  assertEquals(form(`{"schema":null,"payload":${envelope("c", text)}}`), expected);
  assertEquals(form(`{"payload": ${envelope("c", text)}, "schema": null}`), expected);
});

Deno.test("createDecoder() converts by the Connect schema: decimals, milliseconds, nanoseconds", () => {
  const types = z.object({
    id: int8(),
    amount: numeric(12, 2),
    list: z.array(numeric()),
    exact: numeric(),
    ms: timestamp(),
    connect: timestamp(),
    ns: timestamp(),
    us: timestamp(),
    zoned: timestamptz(),
    day: date(),
  });
  const at = Date.UTC(2026, 10, 22, 10, 15, 30) * 1000;
  const decimal = '"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"}';
  const field = (name: string, semantic: string) => `{"type":"int64","name":"${semantic}","field":"${name}"}`;
  const fields = [
    '{"type":"int64","field":"id"}',
    `{${decimal},"field":"amount"}`,
    `{"type":"array","items":{${decimal}},"field":"list"}`,
    `{${decimal},"field":"exact"}`,
    field("ms", "io.debezium.time.Timestamp"),
    field("connect", "org.apache.kafka.connect.data.Timestamp"),
    field("ns", "io.debezium.time.NanoTimestamp"),
    field("us", "io.debezium.time.MicroTimestamp"),
    field("zoned", "io.debezium.time.ZonedTimestamp"),
    field("day", "io.debezium.time.Date"),
  ].join();
  // "1234" reads as a decimal, but with its schema it is base64 of 0xD76DF8.
  const values = `{"id":7,"amount":"1234","list":["AJY="],"exact":12.5,"ms":${at / 1000},"connect":${at / 1000},` +
    `"ns":${at + 123456}000,"us":${at + 1},"zoned":"2026-11-22T10:15:30Z","day":20779}`;
  const schema = `{"type":"struct","fields":[{"type":"struct","fields":[${fields}],"field":"before"},` +
    `{"type":"struct","fields":[${fields}],"field":"after"},{"type":"string","field":"op"}]}`;
  const decoder = createDecoder({ source: "things", key: ["id"], row: types });
  const expected = [
    "upsert",
    7,
    {
      id: 7,
      amount: "-26588.24",
      list: "1.50",
      exact: "12.5",
      ms: at,
      connect: at,
      ns: at + 123456,
      us: at + 1,
      zoned: at,
      day: 20779,
    },
    null,
  ];
  const value = `{"schema":${schema},"payload":${envelope("c", values)}}`;
  const flat = `{"schema":{"type":"struct","fields":[${fields}]},"payload":${values}}`;
  for (const message of [value, value, flat, value, JSON.stringify(JSON.parse(value), null, 1)]) {
    const decoded = decoder.decode({ key: '{"id":7}', value: message });
    assert(decoded.kind === "upsert");
    // A parsed and printed number has lost the nanoseconds' last digits, not the microseconds.
    assertEquals(told({ ...decoded, row: { ...decoded.row, list: String(decoded.row.list) } }), expected);
  }
});

Deno.test("createDecoder() finds what a format is about wherever in a schema the column type stands", () => {
  const format = { decimals: "precise", times: "connect" } as const;
  const price = numeric(12, 2);
  const at = timestamp();
  const row = z.object({
    id: int8(),
    plain: price,
    union: z.union([price, z.null()]),
    either: z.union([z.null(), z.array(price)]),
    described: z.array(price.nullable()).describe("a list"),
    transformed: price.transform((value) => value.times(2)),
    checked: price.refine((value) => value.compare(Decimal.of(0)) > 0),
    at: at.transform((micros) => micros + 1),
    times: z.union([z.null(), z.array(at)]),
  });
  const decoder = createDecoder({ source: "things", key: ["id"], row, format });
  // 0x04d2, in hundredths. As text without a format it may be 1234 or three bytes of base64.
  const after =
    '{"id":1,"plain":"BNI=","union":"BNI=","either":["BNI="],"described":["BNI=",null],"transformed":"BNI=",' +
    '"checked":"BNI=","at":1718447696120,"times":[1718447696120]}';
  const decoded = decoder.decode({ key: '{"id":1}', value: `{"before":null,"after":${after},"op":"c","source":{}}` });
  assertEquals(decoded.kind === "upsert" && JSON.parse(JSON.stringify(decoded.row)), {
    id: 1,
    plain: "12.34",
    union: "12.34",
    either: ["12.34"],
    described: ["12.34", null],
    transformed: "24.68",
    checked: "12.34",
    at: 1_718_447_696_120_001,
    times: [1_718_447_696_120_000],
  });
});

Deno.test("char() takes blanks inside of a text in one pass", () => {
  const row = z.object({ id: int8(), body: char() });
  const body = `a${" ".repeat(200_000)}b`;
  const startMs = performance.now();
  const decoded = createDecoder({ source: "things", key: ["id"], row }).decode({
    key: '{"id":1}',
    value: JSON.stringify({ before: null, after: { id: 1, body: `${body}   ` }, op: "c", source: {} }),
  });
  assertEquals(decoded.kind === "upsert" && decoded.row.body === body, true);
  // Looking at every rest of the blanks takes over a minute.
  assert(performance.now() - startMs < 5_000);
});
