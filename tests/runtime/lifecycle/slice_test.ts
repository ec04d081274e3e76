import { assertEquals } from "@std/assert";
import { Slice } from "../../../src/runtime/lifecycle/slice.ts";

Deno.test("Slice gets smaller where turns are long, larger where they are short, and stays within its limits", () => {
  const slice = new Slice(400);
  const after = (...turnsMs: number[]) => {
    for (const ms of turnsMs) slice.took(ms);
    return slice.rows;
  };
  assertEquals(after(10), 400);
  assertEquals(after(80), 200);
  assertEquals(after(30, 15, 10), 100);
  assertEquals(after(500, 500, 500), 25);
  assertEquals(after(1, 0), 100);
  // The clock was set back.
  assertEquals(after(-3_600_000, 0, 0, 0), 400);
  const rowByRow = new Slice(1);
  rowByRow.took(1_000);
  assertEquals(rowByRow.rows, 1);
});
