import { assertEquals } from "@std/assert";
import { StoredBundles } from "../../../src/runtime/streams/stored_bundles.ts";

Deno.test("StoredBundles.takeGone() gives each bundle once: when both clocks and the position are behind it", () => {
  const bundles = new StoredBundles();
  const add = (name: string, [to, ...goneFromUs]: readonly number[]) => bundles.add({ to, goneFromUs, keys: [name] });
  const gone = (to: number, ...clocksUs: number[]) =>
    bundles.takeGone({ to, clocksUs }).flatMap(({ keys }) => keys).sort();
  add("late", [5, 90, 10]);
  add("left", [5, 20, -Infinity]);
  add("both", [6, 20, 30]);
  add("right", [6, -Infinity, 25]);
  assertEquals(gone(9, 19, 24), []);
  assertEquals(gone(9, 20, 24), ["left"]);
  assertEquals(gone(9, 20, 25), ["right"]);
  assertEquals(gone(5, 40, 40), [], "whoever reads this position looks for what is behind it");
  assertEquals(gone(6, 40, 40), ["both"]);
  assertEquals(gone(9, 40, 1_000), []);
  assertEquals(gone(9, 90, 1_000), ["late"]);
  assertEquals(gone(9, 900, 1_000), []);
});
