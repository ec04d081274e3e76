import { assertEquals } from "@std/assert";
import { DeserializationError } from "../../../src/record/errors.ts";
import { type Unread, UnreadRecords } from "../../../src/runtime/globals/unread_records.ts";

const ERROR = new DeserializationError("not_json", "no JSON");

function unread(offset: number, { key, value }: { key: number | null; value: string | Uint8Array }): Unread {
  const position = { topic: "kinds", partition: 0, offset };
  return { position, record: { offset, timestampMs: 0, key: "k", value }, key, error: ERROR };
}

const offsets = (records: UnreadRecords) => [...records.list()].map(({ position }) => position.offset);

Deno.test("UnreadRecords keeps of each key the last record, until it is mended, and all whose key is not known", () => {
  const records = new UnreadRecords();
  const keys = [1, 2, null, 1, null];
  keys.forEach((key, offset) => records.add(unread(offset, { key, value: "x" })));
  assertEquals(offsets(records), [1, 2, 3, 4]);
  records.mended(2);
  records.mended(9);
  assertEquals(offsets(records), [2, 3, 4]);
});

Deno.test("UnreadRecords copies what may be a view of all that was fetched", () => {
  const records = new UnreadRecords();
  const fetched = new Uint8Array([1, 2, 3, 4]);
  records.add(unread(0, { key: 1, value: fetched.subarray(1, 3) }));
  fetched.fill(0);
  const [{ record: { value } }] = records.list();
  assertEquals(value, new Uint8Array([2, 3]));
  assertEquals((value as Uint8Array).buffer.byteLength, 2);
});

Deno.test("UnreadRecords says when there are more than it can keep, and not before", () => {
  const records = new UnreadRecords();
  const long = "x".repeat(5_000);
  for (let offset = 0; offset < 1_000; offset++) records.add(unread(offset, { key: 7, value: long }));
  assertEquals([records.complete, offsets(records)], [true, [999]]);
  for (let key = 0; key < 1_000; key++) records.add(unread(key, { key, value: long }));
  assertEquals([records.complete, offsets(records)], [false, []]);
});
