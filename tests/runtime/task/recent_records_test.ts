import { assertEquals } from "@std/assert";
import { RecentRecords } from "../../../src/runtime/task/recent_records.ts";

Deno.test("RecentRecords finds the newest record of a key that was applied, among the last portions", () => {
  const recent = new RecentRecords();
  let parsed = 0;
  const add = (keys: readonly (number | null)[], { first, refused = [] }: { first: number; refused?: number[] }) =>
    recent.add({
      topic: "t",
      partition: 2,
      refused,
      records: keys.map((key, index) => ({ offset: first + index, key: String(key), value: null, timestampMs: 0 })),
      keyOf: ({ key }) => {
        parsed++;
        return key === "null" ? null : Number(key);
      },
    });
  const offsetOf = (key: number) => recent.newestOf(key)?.offset ?? null;
  add([1, 2, 1, null, 3], { first: 10 });
  add([2, 3], { first: 20, refused: [21] });
  assertEquals(parsed, 0, "nothing is done before it is asked for");
  assertEquals(recent.newestOf(1), { topic: "t", partition: 2, offset: 12 });
  assertEquals([offsetOf(2), offsetOf(3), offsetOf(4)], [20, 14, null]);
  for (let portion = 0; portion < 16; portion++) add([7], { first: 100 + portion });
  assertEquals([offsetOf(1), offsetOf(7)], [null, 115]);
  recent.clear();
  assertEquals(offsetOf(7), null);
});
