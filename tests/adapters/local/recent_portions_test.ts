import { assert, assertEquals } from "@std/assert";
import { RecentPortions } from "../../../src/adapters/local/recent_portions.ts";

const MIB = 2 ** 20;

Deno.test("RecentPortions.find() gives what lies at the offset or after it, of the same topic alone", () => {
  const recent = readTwice(["t/0", "t/1"]);
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
  const recent = readTwice(Array.from({ length: 7 }, (_, partition) => `t/${partition}`));
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

Deno.test("RecentPortions keeps nothing of a partition that nobody else reads", () => {
  const recent = readTwice(["t/0"]);
  recent.leave("t/0");
  recent.keep("t/0", { portion: portionOf(0, 10), topicId: null, nowMs: 0 });
  assertEquals([recent.find("t/0", { topicId: null, offset: 0 }), recent.bytes], [null, 0]);
});

function readTwice(names: readonly string[]): RecentPortions<ReturnType<typeof portionOf>> {
  const recent = new RecentPortions<ReturnType<typeof portionOf>>();
  for (const name of [...names, ...names]) recent.enter(name);
  return recent;
}

/** The record at `from` is a gap. */
function portionOf(from: number, to: number) {
  const records = Array.from({ length: to - from - 1 }, (_, index) => ({
    offset: from + 1 + index,
    timestampMs: 0,
    key: null,
    value: null,
  }));
  return { offset: from, records, nextOffset: to, bytes: MIB };
}
