import { assert, assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { changeEnvelope, snapshotEnvelope, snapshotMarker } from "../../src/demo/envelope.ts";
import { fillLog, type TableName, TABLES, topicOf } from "../../src/demo/mod.ts";
import { readAll, SMALL } from "./support.ts";

interface Captured {
  readonly topic: string;
  readonly key: string;
  readonly value: string | null;
}

const FILES = ["a_initial_snapshot", "b1_iud_full", "e_multi_table_tx", "e3_interleaved_tx"];

function captured(): Captured[] {
  return FILES.flatMap((file) =>
    Deno.readTextFileSync(new URL(`../fixtures/debezium/${file}.jsonl`, import.meta.url)).trim().split("\n")
      .map((line) => JSON.parse(line) as Captured)
  );
}

/** Field names in order with the JSON type of each, at every depth. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return "array";
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]);
}

/** Two shapes are one where they differ only in a null: nullable columns are null in some rows. */
function sameShape(actual: unknown, expected: unknown): boolean {
  if (!Array.isArray(actual) || !Array.isArray(expected)) {
    return actual === expected || actual === "null" || expected === "null";
  }
  return actual.length === expected.length &&
    actual.every((field, index) =>
      Array.isArray(field) && Array.isArray(expected[index])
        ? sameShape(field[0], expected[index][0]) && sameShape(field[1], expected[index][1])
        : field === expected[index]
    );
}

Deno.test("changeEnvelope() and snapshotEnvelope() reproduce captured messages byte for byte", () => {
  let compared = 0;
  for (const { value } of captured()) {
    // A double that is a whole number is written `1.0` by the connector; the generator makes none.
    if (value === null || /"weight_kg":\d+\.0,/.test(value)) continue;
    const message = JSON.parse(value);
    const { source } = message;
    const nanos = Number(/"ts_ns":\d+(\d{3})}$/.exec(value)![1]);
    const [firstLsn] = JSON.parse(source.sequence).map(Number);
    const handled = { micros: message.ts_us, nanos };
    const position = { txId: source.txId, firstLsn, lsn: source.lsn, commitMicros: source.ts_us, handled };
    const text = (row: unknown) => row === null ? null : JSON.stringify(row);
    const made = message.op === "r"
      ? snapshotEnvelope(source.table, { after: text(message.after)!, marker: source.snapshot, position })
      : changeEnvelope(source.table, { before: text(message.before), after: text(message.after), position });
    assertEquals(made, value);
    compared++;
  }
  assert(compared > 60, `${compared} messages compared`);
});

Deno.test("fillLog() writes rows of exactly the captured columns, in order, with their JSON types", async (t) => {
  const log = openEmbeddedLog({ path: ":memory:" });
  await fillLog({ log, seed: 11, ...SMALL, changes: 3_000 });
  const written = (await readAll(log)).filter((record) => record.value !== null);
  await log.close();
  const messages = captured().filter((message) => message.value !== null);
  for (const table of TABLES) {
    for (const op of ["r", "c", "u", "d"]) {
      const expected = messages.map((message) => ({ topic: message.topic, value: JSON.parse(message.value!) }))
        .find(({ topic, value }) => topic === topicOf(table) && (value.op === op || (op !== "r" && value.op === "r")));
      assert(expected !== undefined, `nothing captured of ${table}`);
      const made = written.map((record) => ({ ...record, value: JSON.parse(record.value!) }))
        .filter((record) => record.table === table && record.value.op === op);
      assert(made.length > 0, `no ${op} of ${table} was written`);
      await t.step(`${op} of ${table}: ${made.length} messages`, () => {
        const columns = shapeOf(expected.value.after);
        for (const { key, value } of made) {
          const row = value.after ?? value.before;
          assertEquals(key, `{"id":${row.id}}`);
          assertEquals([value.before === null, value.after === null], [op === "r" || op === "c", op === "d"]);
          for (const side of [value.before, value.after]) {
            assert(side === null || sameShape(shapeOf(side), columns), `${JSON.stringify(side)}`);
          }
          const envelope = (message: object) => shapeOf({ ...message, before: null, after: null });
          assert(sameShape(envelope(value), envelope(expected.value)), JSON.stringify(value));
          assert(!Number.isInteger(row.weight_kg), `${row.weight_kg}`);
        }
      });
    }
  }
});

Deno.test("snapshotMarker() marks first and last rows as the connector does", () => {
  const cases: [TableName, number, number, string][] = [];
  const sizes: [TableName, number][] = [["users", 3], ["products", 1], ["sellers", 2], ["orders", 2], [
    "order_items",
    1,
  ]];
  for (const [table, count] of sizes) {
    for (let index = 0; index < count; index++) {
      const place = { firstTable: table === "users", lastTable: table === "order_items" };
      cases.push([table, count, index, snapshotMarker({ ...place, first: index === 0, last: index === count - 1 })]);
    }
  }
  assertEquals(cases.map(([table, , , marker]) => `${table} ${marker}`), [
    "users first",
    "users true",
    "users last_in_data_collection",
    "products last_in_data_collection",
    "sellers first_in_data_collection",
    "sellers last_in_data_collection",
    "orders first_in_data_collection",
    "orders last_in_data_collection",
    "order_items last",
  ]);
});
