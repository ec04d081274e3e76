import { assertEquals } from "@std/assert";
import { DigestSum, sumOf } from "../../../src/runtime/outputs/digest_sum.ts";
import { FOREIGN_DIGEST, ShownDigests } from "../../../src/runtime/outputs/shown_digests.ts";
import { Entries, PENDING, SHOWN_BEFORE } from "../../../src/state/entries.ts";
import { loadAll } from "../../state/memory_sections.ts";

/** Of both kinds, at their ends: those of texts below 2^53, those of bytes above. */
const DIGESTS = [0, 1, 2, 2 ** 52 + 1, 2 ** 53 - 2, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 2 ** 54 - 4, 2 ** 54 - 2];

function open(digests: readonly number[]): { entries: Entries; shown: ShownDigests; slots: number[] } {
  const entries = new Entries(1);
  const shown = new ShownDigests(entries);
  const slots = digests.map((digest, key) => {
    const slot = entries.keys.add(key);
    shown.set(slot, digest);
    return slot;
  });
  return { entries, shown, slots };
}

Deno.test("ShownDigests remembers digests of both kinds exactly, and confirms them", () => {
  const { entries, shown, slots } = open(DIGESTS);
  loadAll(shown.restored());
  assertEquals(slots.map((slot) => shown.remembered(slot)), DIGESTS);
  assertEquals(slots.filter((slot) => entries.is(slot, PENDING)), []);
  let confirmed = 0;
  loadAll(shown.confirm(() => confirmed++));
  assertEquals(confirmed, DIGESTS.length);
  assertEquals(slots.map((slot) => shown.get(slot)), DIGESTS);
  assertEquals(slots.every((slot) => entries.is(slot, SHOWN_BEFORE) && !entries.is(slot, PENDING)), true);
  loadAll(shown.baseKnown());
  assertEquals(slots.map((slot) => shown.get(slot)), DIGESTS);
});

Deno.test("ShownDigests tells a digest from the next one of its kind", () => {
  for (const digest of DIGESTS) {
    const step = digest < 2 ** 53 ? 1 : 2;
    const { entries, shown, slots: [slot] } = open([digest]);
    loadAll(shown.restored());
    shown.base(slot, digest === 2 ** 53 - 1 || digest === 2 ** 54 - 2 ? digest - step : digest + step);
    assertEquals(entries.is(slot, PENDING), true, String(digest));
    const equal = open([digest]);
    loadAll(equal.shown.restored());
    equal.shown.base(equal.slots[0], digest);
    assertEquals(equal.entries.is(equal.slots[0], PENDING), false, String(digest));
  }
});

Deno.test("ShownDigests evaluates what a snapshot remembers and ClickHouse does not show", () => {
  const { entries, shown, slots } = open([10, 20, FOREIGN_DIGEST]);
  loadAll(shown.restored());
  shown.gone(slots[0]);
  let confirmed = 0;
  loadAll(shown.confirm(() => confirmed++));
  assertEquals(confirmed, 1);
  assertEquals(slots.map((slot) => [shown.get(slot), entries.is(slot, PENDING)]), [
    [null, true],
    [20, false],
    [null, true],
  ]);
});

/** In two arrays. */
function total(digests: readonly number[]) {
  const half = Math.ceil(digests.length / 2);
  const steps = sumOf([Float64Array.from(digests.slice(0, half)), Float64Array.from(digests.slice(half))]);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

Deno.test("sumOf() is exact, and null where nobody knows what is shown", () => {
  const many = Array.from({ length: 1_100_000 }, (_, index) => 2 ** 54 - 2 - 2 * index);
  const sum = many.reduce((total, digest) => total + BigInt(digest), 0n);
  assertEquals(total(many), { rows: many.length, digests: sum });
  assertEquals([total([1, FOREIGN_DIGEST]), total([1, NaN])], [null, { rows: 1, digests: 1n }]);
  const rest = new DigestSum({ rows: many.length, digests: sum });
  for (const digest of many.slice(3)) rest.remove(digest);
  assertEquals(rest.value, { rows: 3, digests: BigInt(many[0]) + BigInt(many[1]) + BigInt(many[2]) });
  assertEquals([rest.equals(total(many.slice(0, 3))!), rest.equals(total(many.slice(1, 4))!)], [true, false]);
});
