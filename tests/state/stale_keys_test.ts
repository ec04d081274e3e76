import { assertEquals, assertThrows } from "@std/assert";
import { StaleKeys } from "../../src/state/stale_keys.ts";

const at = (offset: number, partition = 0) => ({ partition, offset });

/** Key 1 could not be read at 10, 20 and 30. */
function unread(): StaleKeys {
  const keys = new StaleKeys("things");
  for (const offset of [10, 20, 30]) keys.refused(1, at(offset));
  return keys;
}

Deno.test("StaleKeys tells whether a record that was read already may still be corrected", () => {
  const keys = unread();
  const standing = (offset: number, partition = 0) => keys.standing(1, at(offset, partition));
  assertEquals([9, 10, 20, 30, 31].map((offset) => standing(offset)), [
    "passed",
    "unread",
    "unread",
    "unread",
    "passed",
  ]);
  assertEquals([standing(10, 1), keys.standing(2, at(10))], ["passed", "passed"]);
  keys.read(1);
  assertEquals(standing(20), "passed");
});

Deno.test("StaleKeys: a correction counts behind those before it, and another of its record replaces it", () => {
  const keys = unread();
  assertEquals([keys.corrected(1, at(20)), keys.has(1)], [false, true]);
  const standings = () => [10, 20, 30].map((offset) => keys.standing(1, at(offset)));
  assertEquals(standings(), ["outdated", "corrected", "unread"], "behind what is corrected nothing is open");
  assertEquals([keys.corrected(1, at(30)), keys.has(1), keys.size], [true, false, 0]);
  assertEquals(standings(), ["outdated", "outdated", "corrected"]);
  const loaded = new StaleKeys("things");
  loaded.load(keys.save()());
  assertEquals([loaded.standing(1, at(30)), loaded.read(1), loaded.standing(1, at(30))], [
    "corrected",
    false,
    "passed",
  ]);
});

Deno.test("StaleKeys that cannot remember all says so, and goes into no snapshot", () => {
  const keys = new StaleKeys("things");
  for (let key = 0; key <= 100_000; key++) keys.refused(key, at(key));
  assertEquals([keys.standing(5, at(5)), keys.standing(100_000, at(100_000))], ["unread", "unknown"]);
  assertThrows(() => new StaleKeys("things").load(keys.save()()), RangeError);
});
