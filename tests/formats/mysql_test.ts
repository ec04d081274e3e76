import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createDecoder, type Decoded } from "../../src/formats/decoder.ts";
import type { WireFormat } from "../../src/formats/key_form.ts";
import * as mysql from "../../src/mysql.ts";
import { DeserializationError } from "../../src/record/errors.ts";

/** What the connector wrote of one table, in four of its settings: see tests/fixtures/mysql/README.md. */
const folder = new URL("../fixtures/mysql/", import.meta.url);

const row = z.object({
  id: mysql.int(),
  t1: mysql.tinyint().nullable(),
  tb: mysql.tinyint().nullable(),
  tbo: mysql.bool().nullable(),
  tu: mysql.tinyint().nullable(),
  su: mysql.smallint().nullable(),
  mu: mysql.mediumint().nullable(),
  iu: mysql.int().nullable(),
  b: mysql.bigint().nullable(),
  bu: mysql.bigint("unsigned").nullable(),
  z: mysql.int().nullable(),
  d0: mysql.decimal().nullable(),
  d1: mysql.decimal(12, 2).nullable(),
  d3: mysql.decimal(40).nullable(),
  du: mysql.decimal(10, 2).nullable(),
  f: mysql.float().nullable(),
  f2: mysql.float(3).nullable(),
  db: mysql.double().nullable(),
  v: z.string().nullable(),
  bn: mysql.binary().nullable(),
  bl: mysql.blob().nullable(),
  e: z.enum(["small", "medium", "large", ""]).nullable(),
  s: mysql.set("a", "b", "c").nullable(),
  b1: mysql.bit().nullable(),
  b8: mysql.bit(8).nullable(),
  b20: mysql.bit(20).nullable(),
  b64: mysql.bit(64).nullable(),
  dt: mysql.datetime().nullable(),
  dt3: mysql.datetime(3).nullable(),
  dt6: mysql.datetime(6, { zeroDates: "none" }).nullable(),
  dtn: mysql.datetime(0, { zeroDates: "none" }),
  ts: mysql.timestamp().nullable(),
  ts3: mysql.timestamp(3).nullable(),
  ts6: mysql.timestamp(6).nullable(),
  ti: mysql.time().nullable(),
  ti6: mysql.time().nullable(),
  y: mysql.year().nullable(),
  j: mysql.json().nullable(),
});

const placedUs = Date.UTC(2024, 1, 29, 12, 34, 56) * 1_000;

/** The first row, as MariaDB prints it. */
const first = {
  t1: -128,
  tb: 1,
  tbo: true,
  tu: 255,
  su: 65535,
  mu: 16777215,
  iu: 4294967295,
  b: 9223372036854775807n,
  bu: 18446744073709551615n,
  z: 42,
  d0: "-7",
  d1: "-0.01",
  d3: -9999999999999999999999999999999999999999n,
  du: "1.50",
  f: 1.1,
  f2: 1234.567,
  db: 1e300,
  v: "Grüße 😀",
  bn: "AQIAAA==",
  bl: "3q2+7w==",
  e: "medium",
  s: ["a", "c"],
  b1: true,
  b8: 0b10000001,
  b20: 0b10000000000000000001,
  b64: 18446744073709551615n,
  dt: placedUs,
  dt3: placedUs + 789_000,
  dt6: placedUs + 123_456,
  dtn: -1_000_000,
  ts: placedUs,
  ts3: placedUs + 700_000,
  ts6: placedUs + 123_456,
  ti: 3_020_399_000_000,
  ti6: -1,
  y: 2155,
  j: '{"b":1,"a":[1.0,2e3,9007199254740993]}',
};

interface File {
  readonly format?: WireFormat;
  /** Columns that this setting does not write exactly, and why they are refused. */
  readonly refused: Readonly<Record<string, string>>;
  /** Columns that are left out: null stands in them where there is a value. */
  readonly lost?: readonly string[];
}

const files: Readonly<Record<string, File>> = {
  long_string_adaptive: { refused: { bu: "bigint.unsigned.handling.mode=precise" } },
  schemas_precise: { refused: {} },
  precise_connect_hex: {
    format: { decimals: "precise", times: "connect", binary: "hex", unsignedBigints: "precise" },
    refused: { dt6: "time.precision.mode=connect has cut off" },
    lost: ["ti", "ti6"],
  },
  double_isostring: {
    format: { decimals: "double", times: "isostring", binary: "base64" },
    refused: { bu: "bigint.unsigned.handling.mode=precise", d3: "decimal.handling.mode=string" },
    lost: ["ti", "ti6"],
  },
};

function messages(file: string): { readonly key: string; readonly value: string | null }[] {
  return Deno.readTextFileSync(new URL(`${file}.jsonl`, folder)).trim().split("\n").map((line) => JSON.parse(line));
}

/** Decodes with some columns of {@link row}. */
function decoding(columns: readonly string[], format: WireFormat | undefined) {
  const mask = Object.fromEntries(["id", ...columns].map((name) => [name, true as const]));
  return createDecoder({ source: "kinds", key: ["id"], row: row.pick(mask as never), format });
}

function plain(decoded: Decoded): Record<string, unknown> {
  assert(decoded.kind === "upsert");
  const values = Object.entries(decoded.row).filter(([name]) => name !== "id");
  const told = (value: unknown) => value?.constructor?.name === "Decimal" ? String(value) : value;
  return Object.fromEntries(values.map(([name, value]) => [name, told(value)]));
}

for (const [file, { format, refused, lost = [] }] of Object.entries(files)) {
  const columns = Object.keys(first);
  Deno.test(`MySQL's types are read exactly from ${file}, or refused`, () => {
    const written = messages(file);
    const readable = columns.filter((name) => !(name in refused) && !lost.includes(name));
    const decoder = decoding(readable, format);
    const expected = Object.fromEntries(Object.entries(first).filter(([name]) => readable.includes(name)));
    // Of the snapshot, then of a change.
    for (const place of [0, 4]) assertEquals(plain(decoder.decode(written[place])), expected, String(place));
    for (const [name, remedy] of Object.entries(refused)) {
      try {
        decoding([name], format).decode(written[0]);
        throw new TypeError(`${name} is read`);
      } catch (error) {
        assert(error instanceof DeserializationError, `${error}`);
        assert(error.message.includes(remedy), error.message);
      }
    }
    const nulls = Object.fromEntries(lost.map((name) => [name, null]));
    if (lost.length > 0) assertEquals(plain(decoding(lost, format).decode(written[0])), nulls);
  });

  Deno.test(`nulls, deletes and changed keys of MySQL are read from ${file}`, () => {
    const decoder = decoding(["v", "s", "b8", "j", "ti"], format);
    const nothing = { v: null, s: null, b8: null, j: null, ti: null };
    const decoded = messages(file).map((message) => {
      try {
        return decoder.decode(message);
      } catch {
        return null;
      }
    });
    assertEquals(plain(decoded[3]!), nothing);
    assertEquals(
      decoded.slice(8).map((one) => one!.kind === "delete" ? ["delete", one!.key] : [one!.kind, plain(one!).v]),
      [["upsert", "changed"], ["delete", 4], ["delete", 4], ["upsert", "changed"], ["delete", 40], ["delete", 40]],
    );
  });
}

Deno.test("what MySQL writes of zero dates is refused where it cannot be told from a day", () => {
  const [, , third] = messages("long_string_adaptive");
  const epoch = z.object({ id: mysql.int(), dtn: mysql.datetime() });
  const refusal = (shape: z.ZodObject, message: { key: string; value: string | null }) => {
    try {
      return createDecoder({ source: "kinds", key: ["id"], row: shape }).decode(message).kind;
    } catch (error) {
      return (error as DeserializationError).reason;
    }
  };
  assertEquals(refusal(epoch, third), "zero_date");
  assertEquals(refusal(z.object({ id: mysql.int(), dtn: mysql.datetime(0, { zeroDates: "none" }) }), third), "upsert");
  const zero = { key: '{"id":1}', value: '{"id":1,"at":"1970-01-01T00:00:00Z","on":0}' };
  assertEquals(refusal(z.object({ id: mysql.int(), at: mysql.timestamp() }), zero), "zero_date");
  assertEquals(refusal(z.object({ id: mysql.int(), on: mysql.date() }), zero), "zero_date");
  assertEquals(refusal(z.object({ id: mysql.int(), on: mysql.date({ zeroDates: "none" }) }), zero), "upsert");
});

Deno.test("the year 0000 of a change is refused, as the connector writes 1900", () => {
  const decoder = createDecoder({ source: "kinds", key: ["id"], row: z.object({ id: mysql.int(), y: mysql.year() }) });
  try {
    decoder.decode(messages("long_string_adaptive")[5]);
    throw new TypeError("it is read");
  } catch (error) {
    assert((error as Error).message.includes("1900, as the year 0000 is written"), `${error}`);
  }
});

Deno.test("floats of a snapshot and of changes are one number", () => {
  const decoder = decoding(["f"], undefined);
  const [, , third, , , , seventh] = messages("long_string_adaptive");
  assertEquals([plain(decoder.decode(third)), plain(decoder.decode(seventh))], [{ f: 16777200 }, { f: 16777200 }]);
});
