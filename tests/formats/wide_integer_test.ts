import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { int8, numeric } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import type { WireFormat } from "../../src/formats/key_form.ts";
import { clickhouse, debezium, sum, topology } from "../../src/mod.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { randomFrom } from "../record/support.ts";

const SEED = 20_261_129;
const UINT256_MAX = 2n ** 256n - 1n;
const DIGITS_78 = 10n ** 78n - 1n;

/** As Java writes the unscaled value, in as few bytes as hold it. */
function base64Of(units: bigint): string {
  let length = 1;
  while (BigInt.asIntN(8 * length, units) !== units) length++;
  const hex = BigInt.asUintN(8 * length, units).toString(16).padStart(2 * length, "0");
  return Uint8Array.fromHex(hex).toBase64();
}

const row = z.object({ id: int8(), v: numeric(78, 0) });
const DECIMAL =
  '{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"0"},"field":"v"}';

function read(wire: string, { format, schema }: { readonly format?: WireFormat; readonly schema?: string } = {}) {
  const { decode } = createDecoder({ source: "t", key: ["id"], row, format });
  const envelope = `{"before":null,"after":{"id":1,"v":${wire}},"source":{},"op":"c"}`;
  const fields = `{"type":"struct","fields":[${schema}],"field":"after"},{"type":"string","field":"op"}`;
  const value = schema === undefined
    ? envelope
    : `{"schema":{"type":"struct","fields":[${fields}]},"payload":${envelope}}`;
  const decoded = decode({ key: '{"id":1}', value });
  assert(decoded.kind === "upsert");
  return decoded.row.v;
}

Deno.test("numeric(78, 0) reads every integer of 78 digits exactly, in every decimal mode", () => {
  const random = randomFrom(SEED);
  const values = [0n, 1n, -1n, 2n ** 53n, -(2n ** 53n), 10n ** 38n, UINT256_MAX, -UINT256_MAX, DIGITS_78, -DIGITS_78];
  for (let round = 0; round < 300; round++) {
    let value = BigInt(random(2 ** 31));
    for (let more = random(8); more > 0; more--) value = value * 2n ** 31n + BigInt(random(2 ** 31));
    values.push(random(2) === 0 ? value : -value);
  }
  for (const value of values) {
    // One value has one form.
    const expected = Number.isSafeInteger(Number(value)) ? Number(value) : value;
    const base64 = base64Of(value);
    assertEquals(read(`"${value}"`), expected);
    assertEquals(read(`${value}`), expected, "decimal.format=NUMERIC");
    assertEquals(read(`{"scale":0,"value":"${base64}"}`), expected);
    assertEquals(read(`"${base64}"`, { schema: DECIMAL }), expected, base64);
    assertEquals(read(`"${base64}"`, { format: { decimals: "precise" } }), expected, base64);
  }
  assertEquals([read('"5.00"'), read("1.0E7"), read('{"scale":2,"value":"AfQ="}')], [5, 10_000_000, 5]);
});

Deno.test("numeric(78, 0) refuses what is not such an integer, with the remedy", () => {
  const cases: readonly (readonly [wire: string, reason: string, says: string])[] = [
    [`"1${"0".repeat(78)}"`, "overflow", "more digits"],
    [`"${"9".repeat(500)}"`, "overflow", "more digits"],
    ["1.157920892373162E77", "overflow", "decimal.handling.mode=string"],
    ['"1.5"', "wrong_type", "expected a numeric(78, 0)"],
    ['"AfQ="', "wrong_type", 'declare format: { decimals: "precise" }'],
    ['{"scale":2,"value":"AfU="}', "wrong_type", "expected a numeric(78, 0)"],
    ['"NaN"', "not_finite", "CHECK"],
    ["true", "wrong_type", "expected a numeric(78, 0)"],
    ["null", "wrong_type", "expected a numeric(78, 0)"],
  ];
  for (const [wire, reason, says] of cases) {
    const error = assertThrows(() => read(wire), DeserializationError);
    assertEquals(error.reason, reason, error.message);
    assertStringIncludes(error.message, says);
  }
  const { message } = assertThrows(() => numeric(78, 18 as 0), RangeError);
  assertStringIncludes(message, "z.string()");
  const undeclared = z.object({ v: numeric() }).safeParse({ v: String(UINT256_MAX) });
  assertStringIncludes(undeclared.error!.issues[0].message, "numeric(78, 0)");
});

const moves = (format?: WireFormat) =>
  debezium("shop.public.moves", {
    key: ["token"],
    row: z.object({ token: numeric(78, 0), amount: numeric(78, 0), delta: numeric(77, 0).nullable() }),
    format,
  });
const movesSink = clickhouse("moves", {
  key: ["token"],
  columns: { token: "UInt256", amount: "UInt256", delta: "Nullable(Int256)" },
});
const totalSink = clickhouse("totals", { key: ["sign"], columns: { sign: "String", total: "Int256" } });

Deno.test("numeric(78, 0) is in UInt256 and Int256 of ClickHouse what the database has, as a key, too", async () => {
  const source = moves();
  const built = topology("moves", (b) => {
    const table = b.table(source);
    table.to(movesSink);
    table.filter((row) => row.delta !== null).groupBy((row) => ({ sign: row.delta! < 0 ? "-" : "+" }))
      .aggregate("totals", { total: sum((row) => row.delta!) }).to(totalSink);
  });
  await using driver = createTopologyTestDriver(built, { partitions: 3, warehouse: "embedded" });
  const rows = [
    { token: 0, amount: 7, delta: null },
    { token: 2n ** 255n, amount: UINT256_MAX, delta: 10n ** 60n },
    { token: UINT256_MAX, amount: 10n ** 38n, delta: -(10n ** 69n) },
    { token: 12, amount: 2n ** 128n, delta: 5 },
  ];
  for (const row of rows) driver.insert(source, row);
  driver.insert(source, { token: 13, amount: -1, delta: null });
  driver.insert(source, { token: 14, amount: DIGITS_78, delta: null });
  for (const look of ["before", "after"]) {
    await driver.settle();
    const shown = await driver.select(movesSink);
    const plain = (row: Record<string, unknown>) => Object.values(row).map(String).join();
    assertEquals(shown.map(plain).sort(), rows.map(plain).sort(), `${look} a restart`);
    const totals = await driver.select(totalSink);
    assertEquals(totals.map(plain).sort(), [`+,${10n ** 60n + 5n}`, `-,${-(10n ** 69n)}`]);
    // What 256 bits do not hold is told, with its digits.
    const letters = driver.deadLetters().filter(({ error }) => error.includes('"amount" as UInt256'));
    assertEquals(letters.map(({ error }) => error.includes("-1") || error.includes(String(DIGITS_78))), [true, true]);
    await driver.restart();
  }
});

Deno.test("numeric(78, 0) keys are found in the partition where each decimal mode puts them", async () => {
  const left = debezium("shop.public.refs", { key: ["id"], row: z.object({ id: int8(), token: numeric(78, 0) }) });
  const sink = clickhouse("refs", { key: ["id"], columns: { id: "Int64", amount: "UInt256" } });
  const tokens = [0n, 5n, 2n ** 64n, 10n ** 40n, UINT256_MAX, 2n ** 200n + 1n];
  for (const decimals of ["string", "precise"] as const) {
    const source = moves({ decimals });
    const built = topology("refs", (b) => {
      b.table(left).join("m", b.table(source), (row) => row.token)
        .mapValues((row) => ({ id: row.id, amount: row.m.amount })).to(sink);
    });
    await using driver = createTopologyTestDriver(built, { partitions: 5 });
    for (const [id, token] of tokens.entries()) {
      const text = JSON.stringify(decimals === "string" ? String(token) : base64Of(token));
      const after = `{"token":${text},"amount":${text},"delta":null}`;
      driver.raw(source, {
        key: `{"token":${text}}`,
        value: `{"before":null,"after":${after},"source":{},"op":"c"}`,
      });
      driver.insert(left, { id, token });
    }
    await driver.settle();
    assertEquals(driver.deadLetters(), []);
    assertEquals(driver.select(sink).map(({ amount }) => String(amount)), tokens.map(String));
  }
});
