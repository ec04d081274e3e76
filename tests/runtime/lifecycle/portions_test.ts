import { assertEquals } from "@std/assert";
import type { Fetched } from "../../../src/ports/log.ts";
import { portionsOf, TURN_WEIGHT, weightOf } from "../../../src/runtime/lifecycle/portions.ts";

function fetched(lengths: readonly number[], key: string | null = "k"): Fetched {
  // Offsets with gaps, as compaction leaves them.
  const records = lengths.map((length, index) => ({
    offset: 10 + index * 3,
    timestampMs: 0,
    key,
    value: "x".repeat(length),
  }));
  return { topic: "t", partition: 0, fromOffset: 8, records, nextOffset: 10 + lengths.length * 3, endOffset: 10_000 };
}

Deno.test("portionsOf() cuts what was fetched into parts of one turn that follow each other", () => {
  for (const lengths of [[], [5], Array(2_500).fill(10), [400_000, 1, 400_000], Array(900).fill(2_000)]) {
    const whole = fetched(lengths);
    const portions = portionsOf(whole);
    assertEquals(portions.flatMap(({ records }) => records), whole.records);
    let from = whole.fromOffset;
    for (const { fromOffset, nextOffset, records, ...rest } of portions) {
      assertEquals(fromOffset, from);
      assertEquals(records.length === 1 || weightOf(records) <= TURN_WEIGHT, true);
      assertEquals(rest, { topic: "t", partition: 0, endOffset: 10_000 });
      from = nextOffset;
    }
    assertEquals(from, whole.nextOffset);
  }
  assertEquals(portionsOf(fetched(Array(2_500).fill(10))).length, 7);
  assertEquals(portionsOf(fetched(Array(2_500).fill(10), null)).length, 11);
});
