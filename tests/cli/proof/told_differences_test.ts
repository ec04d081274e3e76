import { assertEquals } from "@std/assert";
import type { SinkProof } from "../../../src/cli/proof/proof_report.ts";
import { type Difference, Suspects } from "../../../src/cli/proof/suspects.ts";
import { ToldDifferences } from "../../../src/cli/proof/told_differences.ts";
import { NOTHING_OPEN } from "./nothing_open.ts";

const SINK: SinkProof = {
  ...{ topology: "shop", sink: "sold", how: "ranges", rows: 90, checked: "2026-01-31T10:00:00.000Z", roundMs: 5 },
  ...{ compared: 0, differing: 0, keys: [], ...NOTHING_OPEN },
};

/** A table of which the rows with these keys differ, and some that did have changed since. */
function differing(keys: readonly number[], doubtful = 0): SinkProof {
  const named = keys.slice(0, 20).map((id) => ({
    ...{ key: { id: String(id) }, explain: String(id), kind: "missing" as const, columns: [], since: SINK.checked! },
  }));
  return { ...SINK, differing: keys.length, keys: named, doubtful };
}

/** Levels and rows of what is said of each look. */
function told(...looks: readonly SinkProof[]): (string | null)[] {
  const differences = new ToldDifferences();
  return looks.map((sink) => {
    const event = differences.look("shop/sold", sink);
    return event === null ? null : `${event.level} ${event.fields!.differing}`;
  });
}

Deno.test("ToldDifferences tells a row that stays different once, and when it is right", () => {
  assertEquals(
    told(SINK, differing([7]), differing([7]), differing([], 1), differing([7]), differing([], 1), SINK, SINK),
    [null, "error 1", null, null, null, null, "info 0", null],
  );
});

Deno.test("ToldDifferences tells when other rows differ", () => {
  assertEquals(told(differing([7]), differing([8]), differing([8, 9]), differing([9])), [
    ...["error 1", "error 1", "error 2", "error 1"],
  ]);
  assertEquals(told(differing([7]), differing([8], 1)), ["error 1", "error 2"], "one has changed, one has come");
  const many = Array.from({ length: 30 }, (_, id) => id);
  assertEquals(told(differing(many), differing(many.slice(1), 1), differing(many)), ["error 30", null, null]);
});

Deno.test("ToldDifferences tells nothing as right that nobody has compared", () => {
  assertEquals(told(differing([7]), { ...SINK, checked: null }, SINK, differing([7])), [
    "error 1",
    null,
    null,
    "error 1",
  ]);
});

Deno.test("Suspects: a fault that changes is doubtful until it is judged anew, and no more once it is right", () => {
  const suspects = new Suspects();
  const found = (...rows: readonly string[]) => ({
    differences: rows.map((expected): Difference => (
      { key: ["7"], text: "7", expected, actual: "other", version: "1", excuse: null }
    )),
    mark: "",
    nowMs: 0,
  });
  const state = () => [suspects.faults.length, suspects.unjudged, suspects.doubtful];
  suspects.first(found("a"));
  assertEquals(state(), [0, 1, 0], "on its way, for all that is known");
  for (const _look of [2, 3]) suspects.again(suspects.keys, found("a"));
  assertEquals(state(), [1, 0, 0]);
  suspects.again(suspects.keys, found("b"));
  assertEquals(state(), [0, 1, 1]);
  for (const _look of [2, 3]) suspects.again(suspects.keys, found("b"));
  assertEquals(state(), [1, 0, 0]);
  suspects.again(suspects.keys, found("c"));
  suspects.again(suspects.keys, found());
  assertEquals(state(), [0, 0, 0]);
});
