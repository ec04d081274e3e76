import { assert, assertEquals } from "@std/assert";
import type { KeptLetter } from "../../src/adapters/local/dead_letters.ts";
import { listingOf } from "../../src/cli/letter_listing.ts";

const letter: KeptLetter = {
  topology: "sales",
  stage: "callback",
  reason: "callback_threw",
  operator: "items.mapValues",
  error: `Cannot evaluate "items.mapValues" for key 17: no kind ${"x".repeat(300)}!`,
  topic: "store.public.items",
  partition: 3,
  offset: 1234,
  occasion: null,
  key: '{"id":17}',
  record: `{"id":17,"note":"${"y".repeat(300)}"}`,
  stack: "at kindOf (topologies/sales.ts:12:34)\nat topologies/sales.ts:20:5",
  task: "items-3",
  epoch: 5,
  subject: "17",
  timestampMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  resolvedMs: null,
  resolution: null,
};
const counts = { open: 1, resolved: 2, all: false, dropped: 0 };

Deno.test("listingOf() cuts what does not fit the terminal, marks it, and says how to see all", () => {
  for (const width of [80, 160]) {
    const lines = [...listingOf([letter], { ...counts, width })];
    assertEquals(Math.max(...lines.map((line) => line.length)), width);
    assertEquals(lines.slice(0, 4).map((line) => line.slice(0, 60)), [
      '2026-01-02 03:04:05 UTC  sales  callback callback_threw at "items.mapValues"'.slice(0, 60),
      '  key       {"id":17}',
      "  from      store.public.items, partition 3, offset 1234",
      `  error     no kind ${"x".repeat(40)}`,
    ]);
    const text = lines.join("\n");
    assertEquals(text.includes("x!"), width === 160, "all of the error, if three lines can hold it");
    assert(text.includes("  thrown    at kindOf (topologies/sales.ts:12:34)"));
    assertEquals(lines.slice(lines.indexOf("")), [
      "",
      "1 of 1 open dead letters",
      "2 resolved ones with --all",
      width === 80
        ? "Texts that end in ... are cut: --full shows all of them, with rows and stacks"
        : "Rows and stacks with --full",
    ]);
  }
});

Deno.test("listingOf() shows everything with --full, and nothing that a terminal would obey", () => {
  const odd = { ...letter, error: "red \x1b[31m\nnext line", resolvedMs: 0, resolution: "mended" };
  const lines = [...listingOf([odd], { ...counts, width: null, all: true })];
  assertEquals(lines, [
    '2026-01-02 03:04:05 UTC  sales  callback callback_threw at "items.mapValues"',
    '  key       {"id":17}',
    "  from      store.public.items, partition 3, offset 1234",
    "  error     red  [31m",
    "            next line",
    "  thrown    at kindOf (topologies/sales.ts:12:34)",
    "  resolved  1970-01-01 00:00:00 UTC mended",
    `  row       ${letter.record}`,
    "  stack     at kindOf (topologies/sales.ts:12:34)",
    "            at topologies/sales.ts:20:5",
    "",
    "1 of 3 dead letters, 1 of them open",
  ]);
});

Deno.test("listingOf() tells a start, and when nothing is open", () => {
  const start = { ...letter, topic: null, partition: null, offset: null, occasion: "start" as const, error: "short" };
  assert(
    [...listingOf([start], { ...counts, width: 80 })].includes("  from      evaluated at a start, with all rows"),
  );
  assertEquals([...listingOf([], { ...counts, open: 0, resolved: 1, dropped: 3, width: 80 })], [
    "No open dead letters",
    "1 resolved one with --all",
    "3 older ones were dropped, because there were too many",
  ]);
  assertEquals([...listingOf([], { ...counts, open: 0, resolved: 0, width: 80 })], ["No dead letters"]);
});
