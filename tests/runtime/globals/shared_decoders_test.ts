import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { debezium, int8, timestamp } from "../../../src/mod.ts";
import type { Log, LogRecord } from "../../../src/ports/log.ts";
import { DeserializationError } from "../../../src/record/errors.ts";
import type { UnitDoubt } from "../../../src/formats/unit_doubts.ts";
import { sharedDecoder } from "../../../src/runtime/globals/shared_decoders.ts";

const kinds = debezium("x.public.kinds", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), at: timestamp() }),
});
const NAMES = { name: "kinds", source: kinds.pick("name").spec };
const log = () => ({}) as Log;
const quiet = () => {};

function records(...values: (string | null)[]): LogRecord[] {
  return values.map((value, offset) => ({ offset, timestampMs: 0, key: `{"id":${offset}}`, value }));
}

function upsert(after: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ op: "c", before: null, after, source: { ts_ms: after.at ?? 0 }, ts_ms: 0 });
}

/** Rows of all records, in pieces as a reader takes them; `thrown` for those that cannot be read. */
function rowsOf(decoder: ReturnType<typeof sharedDecoder>, fetched: readonly LogRecord[]) {
  decoder.expect(fetched);
  return fetched.map((record) => {
    try {
      const decoded = decoder.decode(record);
      return decoded.kind === "upsert" ? decoded.row : decoded.kind;
    } catch (error) {
      assert(error instanceof DeserializationError, String(error));
      return error.reason;
    }
  });
}

Deno.test("sharedDecoder() gives readers of the same declaration the same rows, and each of them every record", () => {
  const shared = log();
  const fetched = records(upsert({ id: 0, name: "a" }), null, "nonsense", upsert({ id: 3, name: "b" }));
  const [first, second] = [0, 1].map(() => sharedDecoder(NAMES, { log: shared, onDoubt: quiet }));
  const picked = sharedDecoder({ ...NAMES, source: kinds.pick("name").spec }, { log: shared, onDoubt: quiet });
  const rows = rowsOf(first, fetched);
  assertEquals(rows, [{ id: 0, name: "a" }, "delete", "not_json", { id: 3, name: "b" }]);
  for (const other of [second, picked]) {
    for (const [index, row] of rowsOf(other, fetched).entries()) assert(row === rows[index], `record ${index}`);
  }
});

Deno.test("sharedDecoder() keeps declarations, logs and names apart", () => {
  const shared = log();
  const fetched = records(upsert({ id: 0, name: "a", at: 5 }));
  const others = [
    { table: NAMES, log: log() },
    { table: { ...NAMES, name: "renamed" }, log: shared },
    { table: { name: "kinds", source: kinds.pick("name", "at").spec }, log: shared },
    {
      table: {
        name: "kinds",
        source: debezium("x.public.kinds", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) }).spec,
      },
      log: shared,
    },
  ];
  const [row] = rowsOf(sharedDecoder(NAMES, { log: shared, onDoubt: quiet }), fetched);
  for (const [index, { table, log }] of others.entries()) {
    const [first] = rowsOf(sharedDecoder(table, { log, onDoubt: quiet }), fetched);
    assert(first !== row, `declaration ${index}`);
    assertEquals(Object.keys(first), index === 2 ? ["id", "name", "at"] : ["id", "name"]);
  }
});

Deno.test("sharedDecoder() decodes what it did not expect, and what a reader skipped", () => {
  const shared = log();
  const fetched = records(upsert({ id: 0, name: "a" }), upsert({ id: 1, name: "b" }));
  const [first, second] = [0, 1].map(() => sharedDecoder(NAMES, { log: shared, onDoubt: quiet }));
  assertEquals(rowsOf(first, fetched.slice(1)), [{ id: 1, name: "b" }]);
  first.expect(fetched);
  assertEquals(first.decode(fetched[1]).kind, "upsert");
  assertEquals(rowsOf(second, fetched), [{ id: 0, name: "a" }, { id: 1, name: "b" }]);
  assertThrows(() => second.decode({ key: `{"id":2}`, value: "[]" }), DeserializationError);
});

Deno.test("sharedDecoder() tells every reader of a doubt, those that come later, too, and none that has ended", () => {
  const shared = log();
  const table = { name: "kinds", source: kinds.pick("at").spec };
  const told: string[] = [];
  const open = (reader: string) =>
    sharedDecoder(table, { log: shared, onDoubt: ({ column }: UnitDoubt) => void told.push(`${reader} ${column}`) });
  const [first, ended] = [open("first"), open("ended")];
  ended.close();
  // Milliseconds, where the column is declared as microseconds.
  const fetched = records(...Array.from({ length: 200 }, (_, id) => upsert({ id, at: 1_780_000_000_000 + id })));
  rowsOf(first, fetched);
  assertEquals(told, ["first at"]);
  rowsOf(open("late"), fetched);
  assertEquals(told, ["first at", "late at"]);
});
