import { assertEquals } from "@std/assert";
import { hasResumed, startSummary, startText } from "../../../src/cli/start/start_report_text.ts";

const RIGHT = { sink: "sales", kept: 1_386, written: 0, deleted: 0 };

Deno.test("startText() tells rows from shares of groups, of which a table shows fewer", () => {
  const shares = { sink: "revenue", kept: 0, written: 310, deleted: 0, shares: true } as const;
  assertEquals(
    startText([{ sink: "sales", kept: 0, written: 1_386, deleted: 0 }, shares]),
    "started fresh: sales 1,386 rows written; revenue 310 shares of groups written",
  );
  assertEquals(
    startText([RIGHT, { ...shares, kept: 300, written: 10 }]),
    "resumed: sales 1,386 rows kept, 0 written, 0 deleted; revenue 300 shares of groups kept, 10 written, 0 deleted",
  );
});

Deno.test("startText() calls a start that rewrote every row resumed, and says why it did", () => {
  const every = { sink: "sales", kept: 0, written: 1_386, deleted: 0, rewritten: 1_386, added: ["discount"] };
  assertEquals(hasResumed([every]), true);
  assertEquals(
    startText([every]),
    "resumed: sales every row rewritten because its content changed (column added: discount): 1,386 rows",
  );
  assertEquals(
    startText([{ ...every, written: 1_390, added: [] }]),
    "resumed: sales every row rewritten because its content changed: 1,386 rows, 4 others written",
  );
  assertEquals(
    startText([{ ...every, kept: 5, written: 12, rewritten: 3, added: [] }]),
    "resumed: sales 5 rows kept, 12 written, 3 of them because their content changed, 0 deleted",
  );
});

Deno.test("startSummary() adds sinks up", () => {
  const shares = { sink: "revenue", kept: 10, written: 2, deleted: 1, rewritten: 1, shares: true } as const;
  assertEquals(startSummary([RIGHT]), "resumed: 1,386 rows kept, 0 written, 0 deleted");
  assertEquals(
    startSummary([RIGHT, shares]),
    "resumed: 1,396 rows and shares of groups kept, 2 written (1 of them because their content changed), 1 deleted",
  );
  assertEquals(startSummary([{ ...RIGHT, kept: 0, written: 7 }]), "started fresh: 0 rows kept, 7 written, 0 deleted");
});

Deno.test("startText() and startSummary() of a topology without tables say where its streams begin", () => {
  for (const text of [startText([]), startSummary([])]) {
    assertEquals(text, "started: streams go on behind what they have done");
  }
});
