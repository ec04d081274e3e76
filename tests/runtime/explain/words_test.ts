import { assertEquals } from "@std/assert";
import { timeText, undecidedWord } from "../../../src/runtime/explain/words.ts";

Deno.test("undecidedWord() tells partitions that are being restored from those that nobody has", () => {
  const about = { undecided: [1, 2, 5], table: "orders" };
  assertEquals(
    undecidedWord({ restoring: [2] }, about),
    'partition 2 of "orders" is being restored, and partition 1, 5 of "orders" is on no instance that has answered',
  );
  assertEquals(
    undecidedWord({ restoring: [] }, about),
    'partition 1, 2, 5 of "orders" is on no instance that has answered',
  );
  assertEquals(undecidedWord({ restoring: [1, 2, 5] }, about), 'partition 1, 2, 5 of "orders" is being restored');
});

Deno.test("timeText() shows every number, also one that no calendar has", () => {
  assertEquals(
    [1_769_853_600_250_000, 1_769_853_600_000_000, 0, -1, 9e18].map(timeText),
    [
      "2026-01-31 10:00:00.25",
      "2026-01-31 10:00:00",
      "1970-01-01 00:00:00",
      "1969-12-31 23:59:59.999999",
      "9000000000000000000 us",
    ],
  );
});
