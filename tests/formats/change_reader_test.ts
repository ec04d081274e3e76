import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { changeReader } from "../../src/formats/change_reader.ts";
import { int8, numeric, timestamptz } from "../../src/formats/columns.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { captured, schemaOf } from "./fixtures.ts";

const SOURCE_US = 1_795_322_386_489_621;

interface ReadValue {
  readonly op: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}

function changesOf(file: string, { before }: { readonly before: boolean } = { before: false }) {
  const readers = new Map<string, ReturnType<typeof changeReader>>();
  return captured(file).map((message) => {
    const read = readers.getOrInsertComputed(
      message.topic,
      () => changeReader({ source: { name: "t", key: ["id"], row: schemaOf(message.topic) }, before }),
    )(message);
    return read.kind === "skip" ? read : { ...read, value: read.value as ReadValue };
  });
}

Deno.test("changeReader() tells inserts, updates and deletes with the database's time, and no row before", () => {
  const read = changesOf("b2_iud_ri_default");
  assertEquals(read.map((one) => one.kind === "skip" ? one.reason : one.value.op), ["c", "u", "d", "tombstone"]);
  const [created, updated, deleted] = read.map((one) => one.kind === "skip" ? null : one);
  assertEquals(created!.key, { id: 5 });
  assertEquals(created!.timestampUs, SOURCE_US);
  assertEquals([created!.value.before, created!.value.after?.name], [null, "B2 seller"]);
  assertEquals([updated!.value.before, typeof updated!.value.after?.name], [null, "string"]);
  // What stands in the message is a row of defaults: name "", country "US".
  assertEquals([deleted!.key, deleted!.value.before, deleted!.value.after], [{ id: 5 }, null, null]);
});

Deno.test("changeReader() has the row before of tables with REPLICA IDENTITY FULL, and refuses records without", () => {
  const full = changesOf("b1_iud_full", { before: true }).flatMap((one) => one.kind === "skip" ? [] : [one.value]);
  assertEquals(full.map(({ op }) => op), ["c", "u", "u", "d"]);
  assertEquals(full.map(({ before }) => before), [null, ...full.slice(0, -1).map(({ after }) => after)]);
  const error = assertThrows(() => changesOf("b2_iud_ri_default", { before: true }), DeserializationError);
  assertEquals((error as DeserializationError).reason, "missing_before");
});

Deno.test("changeReader() tells rows of snapshots and that a table was emptied", () => {
  assertEquals(
    new Set(changesOf("a_initial_snapshot").map((one) => one.kind === "skip" ? "-" : one.value.op)),
    new Set("r"),
  );
  const emptied = changesOf("g_truncate").find((one) => one.kind === "event" && one.value.op === "t");
  assert(emptied?.kind === "event" && emptied.timestampUs !== null);
  assertEquals([emptied.key, emptied.value], [null, { op: "t", before: null, after: null }]);
});

Deno.test("changeReader() refuses a row of which something was not sent, and passes heartbeats over", () => {
  const error = assertThrows(() => changesOf("d1_toast_unchanged_ri_default"), DeserializationError);
  assertEquals((error as DeserializationError).reason, "unavailable");
  assertEquals(
    new Set(changesOf("h_heartbeat").map((one) => one.kind === "skip" ? one.reason : "-")),
    new Set(["heartbeat"]),
  );
});

Deno.test("changeReader() reads flattened rows: the operation and the time if they were added, else updates", () => {
  const row = z.object({ id: int8(), at: timestamptz() });
  const read = changeReader({ source: { name: "t", key: ["id"], row }, before: false });
  const value = (more: object) => JSON.stringify({ id: 7, at: "2026-11-22T04:39:46Z", ...more });
  const told = (more: object) => {
    const one = read({ key: '{"id":7}', value: value(more) });
    return one.kind === "skip" ? one : [(one.value as ReadValue).op, one.timestampUs];
  };
  assertEquals(told({}), ["u", null]);
  assertEquals(told({ __op: "c", __source_ts_ms: 5 }), ["c", 5_000]);
  assertEquals(told({ __op: "r", __source_ts_us: 7, __source_ts_ms: 0 }), ["r", 7]);
  assertEquals(told({ __deleted: "true" }), ["d", null]);
});

Deno.test("changeReader() gives keys of several columns in their types", () => {
  const row = z.object({ id: int8(), price: numeric(12, 2), name: z.string() });
  const read = changeReader({ source: { name: "t", key: ["price", "id"], row }, before: false });
  const after = '{"id":9007199254740993,"price":"1.50","name":"n"}';
  const message = {
    key: '{"price":"1.50","id":9007199254740993}',
    value: `{"before":null,"after":${after},"source":{"ts_ms":3},"op":"c"}`,
  };
  const one = read(message);
  assert(one.kind === "event");
  const { price, id } = one.key as { price: unknown; id: unknown };
  assertEquals([String(price), id, one.timestampUs], ["1.50", 9007199254740993n, 3_000]);
});
