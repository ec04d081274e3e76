import { assertEquals } from "@std/assert";
import { RecordCounts } from "../../../src/runtime/streams/record_counts.ts";

Deno.test("RecordCounts counts each key of a changelog once, until it is removed", () => {
  const counts = new RecordCounts();
  const totalsOf = (what: "add" | "remove", keys: readonly (readonly [name: string | null, owner: string])[]) =>
    keys.map(([name, owner]) => {
      counts[what](name, owner);
      return counts.total;
    });
  assertEquals(totalsOf("add", [["a", "x"], ["a", "x"], ["a", "y"], ["a", "z"], ["a", "y"], [null, "x"]]), [
    ...[1, 1, 2, 3, 3, 4],
  ]);
  assertEquals(totalsOf("remove", [["a", "y"], ["a", "y"], ["a", "w"], ["a", "x"], ["a", "z"]]), [3, 3, 3, 2, 1]);
  assertEquals(totalsOf("remove", [[null, "y"], [null, "x"], [null, "x"], ["b", "x"]]), [1, 0, 0, 0]);
  assertEquals(totalsOf("add", [["a", "x"]]), [1]);
});
