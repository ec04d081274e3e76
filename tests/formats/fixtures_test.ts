import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createDecoder, type Decoder } from "../../src/formats/decoder.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { type Captured, captured, fixtureFiles, schemaOf } from "./fixtures.ts";

/** Messages that must be refused, in order: file, key, reason. All others must decode. */
const REFUSED: Readonly<Record<string, readonly (readonly [key: string | null, reason: string])[]>> = {
  g_truncate: [[null, "truncate"], [null, "truncate"], [null, "truncate"]],
  g4_truncate_policy_delete_1part: [[null, "truncate"]],
  // The column was made numeric(6, 3) while the schema says numeric(3, 2).
  j_alter_add_column: [['{"id":9302}', "overflow"]],
  k1_edge_values_main: [
    ['{"id":9007199254740993}', "out_of_range"],
    ['{"id":9223372036854775807}', "out_of_range"],
    ['{"id":-1}', "out_of_range"],
    ['{"id":6502}', "not_finite"],
    ['{"id":6501}', "out_of_range"],
    ['{"id":6501}', "out_of_range"],
  ],
};
/**
 * Rows 1 to 4, 21 and 22 of the edge table hold what no decimal or timestamp column of ClickHouse can; see
 * edge_values_test.ts.
 */
const EDGE_REASONS: Readonly<Record<string, string>> = {
  1: "overflow",
  2: "not_finite",
  3: "not_finite",
  4: "out_of_range",
  21: "not_finite",
  22: "not_finite",
};
/**
 * Precise decimals make null of NaN and infinities, doubles cut digits, so other columns are the first that is refused.
 */
const EDGE_REASONS_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  m_decimal_precise: { 3: "out_of_range" },
  m2_decimal_precise_schema: { 3: "out_of_range" },
  m3_decimal_double: { 1: "none" },
};

/** JSON with integers as bigints, other numbers as their text: nothing rounded. */
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
function exactly(text: string): unknown {
  return parse(text, (_key, value, { source }) => {
    if (typeof value !== "number") return value;
    return /^-?\d+$/.test(source ?? "") ? BigInt(source ?? "") : { number: source };
  });
}

type Fields = Readonly<Record<string, unknown>>;

/** What a message says, by plain parsing: [key text, row] with null for a deletion. Independent of the decoder. */
function saying(message: Captured): { key: string; after: Fields | null } {
  const payloadOf = (text: string | null) => {
    const value = text === null ? null : exactly(text) as Fields | null;
    return value !== null && "payload" in value ? value.payload as Fields : value;
  };
  const key = Object.values(payloadOf(message.key) ?? {}).map(String).join();
  const value = payloadOf(message.value);
  if (value === null || value.__deleted === "true") return { key, after: null };
  return { key, after: "op" in value ? value.after as Fields | null : value };
}

/**
 * The value a column should have, from its exact wire form; `undefined` if this oracle knows no other way than the
 * decoder's.
 */
function expected(wire: unknown, actual: unknown): unknown {
  if (typeof wire === "bigint") return Number.isSafeInteger(Number(wire)) ? Number(wire) : wire;
  if (typeof wire === "string" && typeof actual === "number") {
    const micros = /\.(\d{6})Z$/.exec(wire)?.[1];
    return micros === undefined ? undefined : Date.parse(`${wire.slice(0, 19)}Z`) * 1000 + Number(micros);
  }
  if (typeof wire === "object" && wire !== null && "number" in wire && typeof actual === "number") {
    return Number(wire.number);
  }
  if (Array.isArray(wire) && Array.isArray(actual)) {
    return wire.map((element, index) => expected(element, actual[index]));
  }
  return wire;
}

function refusalOf(decoder: Decoder, message: Captured): string | null {
  try {
    decoder.decode(message);
    return null;
  } catch (error) {
    assert(error instanceof DeserializationError, `${error}`);
    return error.reason;
  }
}

Deno.test("createDecoder() reads all captured messages", async (t) => {
  assertEquals(fixtureFiles.length, 34);
  let messages = 0;
  for (const file of fixtureFiles) {
    await t.step(file, () => {
      const decoders = new Map<string, Decoder>();
      const decoderOf = (topic: string) => {
        const known = decoders.get(topic);
        const decoder = known ?? createDecoder({ source: topic, key: ["id"], row: schemaOf(topic) });
        decoders.set(topic, decoder);
        return decoder;
      };
      const tables = { actual: new Map<string, Fields>(), expected: new Map<string, Fields>() };
      const refused: (readonly [string | null, string])[] = [];
      for (const message of captured(file)) {
        messages++;
        const decoder = decoderOf(message.topic);
        const reason = refusalOf(decoder, message);
        if (reason !== null) {
          refused.push([message.key, reason]);
          continue;
        }
        const decoded = decoder.decode(message);
        const said = saying(message);
        const name = `${message.topic}/${said.key}`;
        if (decoded.kind === "skip") {
          assertEquals([file, decoded.reason], ["h_heartbeat", "heartbeat"]);
          continue;
        }
        assertEquals(decoded.kind === "delete" ? null : decoded.row !== null, said.after === null ? null : true, name);
        assertEquals(String(decoded.key).replaceAll('"', ""), said.key, name);
        if (decoded.kind === "delete") {
          tables.actual.delete(name);
          tables.expected.delete(name);
          continue;
        }
        tables.actual.set(name, decoded.row);
        tables.expected.set(name, said.after ?? {});
        checkUnavailable(decoded.unavailable, said.after ?? {});
      }
      assertEquals(refused, file in REFUSED ? REFUSED[file] : edgeRefusals(file));
      for (const [name, row] of tables.actual) {
        checkRow(name, row, { after: tables.expected.get(name) ?? {}, file });
      }
      assertEquals([...tables.actual.keys()].sort(), [...tables.expected.keys()].sort());
    });
  }
  assertEquals(messages, 705);
});

function checkUnavailable(unavailable: readonly string[] | null, after: Fields): void {
  const holders = Object.keys(after).filter((column) => after[column] === "__debezium_unavailable_value");
  assertEquals(unavailable ?? [], holders);
}

/** Compares every column for which there is a second way to its value; decimals as text. */
function checkRow(
  name: string,
  row: Fields,
  { after, file }: { readonly after: Fields; readonly file: string },
): void {
  for (const [column, actual] of Object.entries(row)) {
    const wire = after[column];
    if (wire === "__debezium_unavailable_value") {
      assertEquals(actual, undefined, `${name}.${column}`);
      continue;
    }
    const precise = file.startsWith("m");
    const value = typeof actual === "object" && actual !== null && !Array.isArray(actual) ? String(actual) : actual;
    if (precise && typeof value === "string" && value !== wire) continue;
    const wanted = expected(wire, actual);
    if (wanted === undefined && typeof wire === "string") continue;
    if (Array.isArray(value) && column === "arr_n") continue;
    assertEquals(value, wanted, `${file} ${name}.${column}`);
  }
}

function edgeRefusals(file: string): (readonly [string | null, string])[] {
  const reasons: Readonly<Record<string, string>> = { ...EDGE_REASONS, ...EDGE_REASONS_OF[file] };
  return captured(file).filter(({ topic }) => topic.endsWith("edge_types")).flatMap(({ key }) => {
    const id = /"id":(\d+)/.exec(key ?? "")?.[1] ?? "";
    return id in reasons && reasons[id] !== "none" ? [[key, reasons[id]] as const] : [];
  });
}

Deno.test("createDecoder() folds the captured tables to what was in the database", async (t) => {
  const fold = (files: readonly string[], table: string, more: z.ZodRawShape = {}) => {
    const rows = new Map<unknown, Fields>();
    const decoder = createDecoder({ source: table, key: ["id"], row: schemaOf(table).extend(more) });
    for (const message of files.flatMap(captured).filter(({ topic }) => topic.endsWith(`.${table}`))) {
      const decoded = decoder.decode(message);
      if (decoded.kind === "upsert") rows.set(decoded.key, { ...rows.get(decoded.key), ...decoded.row });
      if (decoded.kind === "delete") rows.delete(decoded.key);
    }
    return { rows, unknown: decoder.unknownColumns };
  };
  await t.step("initial snapshot", () => {
    const counts = ["users", "sellers", "products", "orders", "order_items"].map((table) =>
      fold(["a_initial_snapshot"], table).rows.size
    );
    assertEquals(counts, [12, 4, 10, 10, 20]);
    const user = fold(["a_initial_snapshot"], "users").rows.get(1) ?? {};
    assertEquals({ ...user }, {
      id: 1,
      email: "user1@example.com",
      full_name: "User 1",
      phone: "+1-555-0001",
      is_active: true,
      birth_date: 3749,
      preferences: '{"n": 1, "lang": "de"}',
      loyalty_points: 10,
      created_at: 1795322130238997,
      updated_at: 1795322130238997,
    });
  });
  await t.step("insert, update, delete", () => {
    assertEquals(fold(["b1_iud_full"], "users").rows.size, 0);
    assertEquals(fold(["b2_iud_ri_default"], "sellers").rows.size, 0);
  });
  await t.step("a changed primary key moves the row", () => {
    const { rows } = fold(["c1_pk_change_ri_default"], "sellers");
    assertEquals([...rows.keys()], [9002]);
    assertEquals(rows.get(9002)?.name, "pk seller moved");
  });
  await t.step("concurrent incremental snapshot", () => {
    // 38 rows were read; one of them is deleted while the snapshot runs.
    const { rows } = fold(["f2_incremental_concurrent"], "users");
    assertEquals([rows.size, rows.has(37), rows.has(38)], [37, true, false]);
    assertEquals(fold(["f3_incremental_open_tx"], "users").rows.get(1)?.loyalty_points, 777);
  });
  await t.step("duplicates after a kill end at the last update", () => {
    const kill = fold(["o_kill9_connect"], "sellers", { tax_id: z.string() });
    assertEquals([...kill.rows].map(([id, row]) => [id, row.tax_id]), [[9901, "123"]]);
    const big = fold(["o2_kill9_mid_transaction"], "sellers", { tax_id: z.string() });
    assertEquals([...big.rows].map(([id, row]) => [id, row.tax_id]), [[9912, "29999"], [9911, "30000"]]);
    assertEquals([...fold(["o_kill9_connect"], "sellers").unknown], [["tax_id", 154]]);
  });
  await t.step("new columns are counted, not read", () => {
    const decoder = createDecoder({
      source: "sellers",
      key: ["id"],
      row: schemaOf("x.sellers").pick({ id: true, name: true }),
    });
    for (const message of captured("j_alter_add_column")) decoder.decode(message);
    const counts = Object.fromEntries(decoder.unknownColumns);
    assertEquals([counts.tax_id, counts.score, counts.score2, counts.rating, counts.id], [5, 2, 1, 6, undefined]);
  });
});
