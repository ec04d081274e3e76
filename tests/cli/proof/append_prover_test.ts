import { assert, assertEquals } from "@std/assert";
import { Clicks } from "./clicks.ts";

/** Clicks of both partitions, the last ones on their way. */
async function clicked(count: number): Promise<Clicks> {
  const clicks = await Clicks.open();
  for (let n = 0; n < count; n++) await clicks.click(n % 5 === 0 ? "/health" : `/${n}`, { partition: n % 2 });
  return clicks;
}

Deno.test("AppendProver goes round all records, and takes nothing for a fault that is on its way", async () => {
  await using clicks = await clicked(40);
  await clicks.click("/late", { late: true });
  // It was stored and is not acknowledged, or is not stored at all.
  clicks.store({ partition: 0, offset: 20, url: "/late" });
  await clicks.turns(20);
  const { rows, checked, unjudged, differing, how } = clicks.prover.report();
  assertEquals([rows, unjudged, differing, how], [2 * 32, 0, 0, "ranges"]);
  assert(checked !== null);
  assert(clicks.read < 20 * 8, `${clicks.read} records of 7 a turn`);
});

Deno.test("AppendProver finds what is missing, twice or other at the third look, until it is repaired", async () => {
  await using clicks = await clicked(40);
  await clicks.turns(8);
  clicks.lose(0, 3);
  clicks.store({ partition: 1, offset: 4, url: "/9" });
  const [wrong] = clicks.stored.filter(({ partition, offset }) => partition === 1 && offset === 6);
  clicks.stored[clicks.stored.indexOf(wrong)] = { ...wrong, row: [...wrong.row.slice(0, -1), "/x"] };
  clicks.store({ partition: 0, offset: 5, url: "/nobody" });
  let looks = 0;
  for (let turn = 0; looks < 2; turn++) {
    await clicks.turns(1);
    assert(turn < 8, "seen within a round");
    if (looks > 0 || clicks.prover.report().unjudged > 0) looks++;
    assertEquals(clicks.faults(), [], `look ${looks}`);
  }
  await clicks.turns(8);
  assertEquals(clicks.faults(), [
    "0/3/0 missing",
    "0/3/1 missing",
    "0/5/0 extra",
    "1/4/0 different",
    "1/6/0 different url",
  ]);
  const { rows, differing, keys } = clicks.prover.report();
  assertEquals([rows, differing], [2 * 32 - 4, 5]);
  const places = ["0/3", "0/3", "0/5", "1/4", "1/6"].map((place) => `shop.clicks/${place}`);
  assertEquals(keys.map(({ explain }) => explain).sort(), places);
  clicks.lose(0, 3);
  clicks.store({ partition: 0, offset: 3, url: "/6" });
  clicks.store({ partition: 0, offset: 3, url: "/6?again", index: 1 });
  clicks.lose(0, 5);
  clicks.lose(1, 4);
  clicks.store({ partition: 1, offset: 4, url: "/9" });
  clicks.store({ partition: 1, offset: 4, url: "/9?again", index: 1 });
  await clicks.turns(2);
  assertEquals(clicks.faults(), ["1/6/0 different url"]);
});

Deno.test("AppendProver finds rows that say of no record, until they are gone", async () => {
  await using clicks = await clicked(20);
  await clicks.turns(8);
  clicks.store({ source: "", partition: 0, offset: 0, url: "/by-hand" });
  await clicks.turns(12);
  assertEquals(clicks.faults(), ["0/0/0 extra"]);
  const [{ key, explain }] = clicks.prover.report().keys;
  assertEquals([key._source, explain], ["", null]);
  clicks.stored.pop();
  await clicks.turns(2);
  assertEquals([clicks.faults(), clicks.prover.report().differing], [[], 0]);
});

Deno.test("AppendProver judges nothing of records that the topic does not have any more", async () => {
  await using clicks = await clicked(20);
  clicks.lose(0, 2);
  await clicks.turns(8);
  assertEquals(clicks.faults(), ["0/2/0 missing", "0/2/1 missing"]);
  clicks.clock.advance(120_000);
  await clicks.log.retain("shop.clicks");
  await clicks.turns(10);
  assertEquals([clicks.faults(), clicks.prover.report().rows], [[], 0]);

  await using compacted = await Clicks.open("compact");
  for (let n = 0; n < 12; n++) await compacted.click(`/${n}`, { key: `${n % 3}` });
  await compacted.log.compact("shop.clicks");
  await compacted.turns(8);
  assertEquals([compacted.faults(), compacted.prover.report().rows], [[], 2 * 3]);
});

Deno.test("AppendProver ends no round while nobody tells how far a partition is, and says so", async () => {
  await using clicks = await clicked(20);
  clicks.brought[1] = null;
  clicks.lose(0, 2);
  await clicks.turns(8);
  const { checked, waits } = clicks.prover.report();
  assertEquals([checked, waits], [null, "no instance tells how far it has brought out 1 partition"]);
  assertEquals(clicks.faults(), ["0/2/0 missing", "0/2/1 missing"]);
  clicks.brought[1] = 10;
  await clicks.turns(12);
  assert(clicks.prover.report().checked !== null);
  clicks.prover.forget();
  assertEquals([clicks.faults(), clicks.prover.report().checked], [[], null]);
});
