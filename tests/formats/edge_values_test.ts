import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createDecoder } from "../../src/formats/decoder.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { captured, schemas } from "./fixtures.ts";

/** Stands for a refusal with this reason. */
const no = (reason: string) => ({ reason });
const huge = `{"n": 1${"0".repeat(400)}}`;
const day = 86_400_000_000;

/**
 * Rows of the edge table as they were inserted: every column is decoded by itself, so that one refusal hides no other.
 * Decimals are their text; what is not named is null.
 */
const rows: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  1: {
    n_plain: no("overflow"),
    n_12_2: "9999999999.99",
    n_38_10: "1234567890123456789012345678.0123456789",
    i2: 32767,
    i8: 9223372036854775807n,
    f4: 3.4028235E38,
    f8: 1.7976931348623157E308,
    b: true,
    t: "plain",
    vc: "vc",
    c5: "ab   ",
    d: 20779,
    tm: 86399999999,
    tmtz: 8 * 3_600_000_000,
    ts: 1795309323123456,
    ts3: 1795309323123000,
    tstz: Date.UTC(2026, 10, 21, 22, 2, 3) * 1000 + 123456,
    iv: 37091106789000,
    j: '{"a" : 1 , "a":2}',
    jb: '{"a": 2, "b": 1}',
    u: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ba: "3q2+7w==",
    en: "paid",
    arr_t: ["x", "y,z", null, 'q"uote'],
    arr_i: [1, 2, null],
    arr_n: ["1.50", "2.00"],
    ip: "192.168.0.1/24",
    mny: "12.34",
    hs: "Cg==",
    rng: "[1,10)",
    null_int_def: 42,
  },
  2: {
    n_plain: no("not_finite"),
    n_12_2: no("not_finite"),
    n_38_10: "0.0000000000",
    i2: -32768,
    i8: -9223372036854775808n,
    f4: no("not_finite"),
    f8: no("not_finite"),
    b: false,
    t: "",
    vc: "",
    c5: "     ",
    d: no("out_of_range"),
    tm: 0,
    tmtz: day / 2,
    ts: no("not_finite"),
    ts3: no("not_finite"),
    tstz: no("not_finite"),
    iv: -day,
    j: "null",
    jb: "null",
    ba: "",
    en: "refunded",
    arr_t: [],
    arr_i: [],
    arr_n: [],
    mny: "-0.01",
    rng: "empty",
    null_int_def: 42,
  },
  3: {
    n_plain: no("not_finite"),
    n_12_2: "0.00",
    n_38_10: "-0.0000000001",
    i2: 0,
    i8: 0,
    f4: 0,
    f8: 0,
    t: "日本語 😀",
    vc: "é",
    c5: "é    ",
    d: no("out_of_range"),
    tm: day,
    tmtz: 0,
    ts: -1,
    ts3: no("out_of_range"),
    tstz: -1,
    iv: 0,
    j: "{}",
    jb: huge,
    null_int_def: 42,
  },
  4: {
    n_plain: "0.00000000000000000001",
    n_12_2: "0.10",
    n_38_10: "1.0000000000",
    i2: 1,
    i8: 1,
    f4: 0.1,
    f8: 0.1,
    b: true,
    tm: day,
    ts: no("out_of_range"),
    ts3: Date.UTC(2026, 0, 1) * 1000,
    tstz: no("out_of_range"),
    null_int_def: 42,
  },
  5: { i8: 9007199254740993n },
};

/** What every row has. */
const common = { nn_text: "dflt", nn_num: "1.50", nn_ts: Date.UTC(2020, 0, 1) * 1000 };

/** What the mode of a file makes otherwise: by row, then column. */
const modes: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>> = {
  k2_edge_types: {},
  l_schemas_enable: {},
  // Precise decimals know no NaN and no infinity: the connector writes null.
  m_decimal_precise: { 2: { n_plain: null, n_12_2: null }, 3: { n_plain: null } },
  m2_decimal_precise_schema: { 2: { n_plain: null, n_12_2: null }, 3: { n_plain: null } },
  // Doubles have lost digits before they arrive; the zeros of an unconstrained numeric come from "1.0E-20".
  m3_decimal_double: {
    1: { n_plain: "123456789012345680000000000000", n_38_10: "1234567890123456900000000000.0000000000" },
    4: { n_plain: "0.000000000000000000010" },
  },
  // ExtractNewRecordState with add.fields puts the column's default for null.
  n_unwrap: { 5: { null_int_def: 42 } },
  n2_unwrap_defaults: {},
};

/** Decimals, also inside arrays, as text. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "object" && value !== null ? String(value) : value;
}

function decodedColumn(column: string, message: { key: string | null; value: string | null }): unknown {
  const { id, [column]: type } = schemas.edge_types.shape;
  const row = z.object({ id, [column]: type });
  try {
    const decoded = createDecoder({ source: "edge_types", key: ["id"], row }).decode(message);
    assert(decoded.kind === "upsert");
    return plain(decoded.row[column]);
  } catch (error) {
    assert(error instanceof DeserializationError, `${error}`);
    assert(error.message.includes(`${column}: `), error.message);
    return no(error.reason);
  }
}

Deno.test("createDecoder() gives the same edge values in all modes of the connector", async (t) => {
  const columns = Object.keys(schemas.edge_types.shape).filter((column) => column !== "id");
  for (const [file, differences] of Object.entries(modes)) {
    await t.step(file, () => {
      const messages = captured(file);
      for (const [id, row] of Object.entries(rows)) {
        const message = messages.find(({ key }) => new RegExp(`"id":${id}}`).test(key ?? ""));
        assert(message !== undefined, `${file} has no row ${id}`);
        const expected: Record<string, unknown> = { ...common, ...row, ...differences[id] };
        for (const column of columns) {
          assertEquals(decodedColumn(column, message), expected[column] ?? null, `${file} row ${id} ${column}`);
        }
      }
    });
  }
});

Deno.test("createDecoder() refuses infinities as the streaming connector writes them", () => {
  const [first, second] = captured("k3_infinity_streaming");
  const both = { n_plain: "not_finite", d: "out_of_range", ts: "not_finite", ts3: "not_finite", tstz: "not_finite" };
  for (const [column, reason] of Object.entries({ ...both, n_12_2: "not_finite", f8: "not_finite" })) {
    assertEquals(decodedColumn(column, first), no(reason), column);
  }
  for (const [column, reason] of Object.entries(both)) assertEquals(decodedColumn(column, second), no(reason), column);
  assertEquals([decodedColumn("n_12_2", second), decodedColumn("hs", second)], ["1.00", ""]);
  assertEquals(decodedColumn("tm", first), day);
});

Deno.test("createDecoder() keeps int8 keys beyond 2^53 apart, in key and row", () => {
  const users = schemas.users.pick({ id: true, email: true });
  const decoder = createDecoder({ source: "users", key: ["id"], row: users });
  const decoded = captured("k1_edge_values_main").filter(({ topic }) => topic.endsWith("users")).map((message) =>
    decoder.decode(message)
  );
  assertEquals(
    decoded.map((change) => change.kind === "upsert" ? [change.key, change.row.id] : []),
    [
      ["9007199254740993", 9007199254740993n],
      [5100, 5100],
      ["9223372036854775807", 9223372036854775807n],
      [-1, -1],
    ],
  );
});
