import { assert, assertEquals } from "@std/assert";
import { RecentPortions } from "../../../src/adapters/kafka/recent_portions.ts";

const MIB = 2 ** 20;

Deno.test("RecentPortions.find() gives what lies at the offset or after it, of the same topic alone", () => {
  const recent = new RecentPortions();
  recent.keep("t/0", { portion: portionOf(10, 20), topicId: "a", nowMs: 0 });
  recent.keep("t/0", { portion: portionOf(20, 30), topicId: "a", nowMs: 0 });
  const found = (offset: number, { topicId = "a", name = "t/0" } = {}) => {
    const portion = recent.find(name, { topicId, offset });
    return portion && [portion.offset, portion.records[0]?.offset, portion.records.length, portion.nextOffset];
  };
  assertEquals([9, 10, 13, 19, 25, 30].map((offset) => found(offset)), [
    null,
    [10, 11, 9, 20],
    [13, 13, 7, 20],
    [19, 19, 1, 20],
    [25, 25, 5, 30],
    null,
  ]);
  assertEquals([found(10, { topicId: "b" }), found(10, { name: "t/1" })], [null, null]);
  recent.forget("t/0");
  assertEquals([found(10), recent.bytes], [null, 0]);
});

Deno.test("RecentPortions keeps five seconds and 32 MiB at most, the newest", () => {
  const recent = new RecentPortions();
  for (let index = 0; index < 100; index++) {
    recent.keep(`t/${index % 7}`, { portion: portionOf(index * 10, index * 10 + 10), topicId: null, nowMs: index });
    assert(recent.bytes <= 32 * MIB, `${recent.bytes} bytes`);
  }
  assertEquals(recent.bytes, 32 * MIB);
  assertEquals(recent.find("t/4", { topicId: null, offset: 670 }), null);
  assertEquals(recent.find("t/5", { topicId: null, offset: 680 })?.offset, 680);
  recent.expire(5_000 + 98);
  assertEquals(recent.bytes, MIB);
  recent.expire(5_000 + 99);
  assertEquals(recent.bytes, 0);
});

/** The record at `from` is a gap. */
function portionOf(from: number, to: number) {
  const records = Array.from({ length: to - from - 1 }, (_, index) => ({
    offset: from + 1 + index,
    timestampMs: 0,
    key: null,
    value: null,
  }));
  return { offset: from, records, nextOffset: to, endOffset: to, bytesNeeded: 0, fetchedBytes: 100, bytes: MIB };
}
