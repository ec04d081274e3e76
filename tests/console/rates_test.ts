import { assertEquals } from "@std/assert";
import type { LiveState } from "../../console/api/contract.ts";
import { History } from "../../console/state/history.ts";
import { Rates } from "../../console/state/rates.ts";
import sales from "../../topologies/sales.ts";
import { plannedOf } from "./mock_plan.ts";
import { newStanding } from "./mock_standing.ts";
import { stateAt } from "./mock_state.ts";

const standing = newStanding(1_000_000);

function stateOf(
  atMs: number,
  { startedAt = 0, out }: { readonly startedAt?: number; readonly out: number },
): LiveState {
  const state = stateAt(atMs, { standing, planned: [plannedOf(sales)] });
  return {
    ...state,
    status: { ...state.status, startedAt },
    topologies: [{ ...state.topologies[0], counters: { a: { in: out * 2, out, rows: null } } }],
  };
}

Deno.test("Rates are means over some seconds, and begin anew with the process", () => {
  const rates = new Rates();
  const rateOf = (state: LiveState) => rates.take(state).get("sales")?.get("a");
  assertEquals(rateOf(stateOf(0, { out: 100 })), undefined);
  assertEquals(rateOf(stateOf(1_000, { out: 150 })), { in: 100, out: 50 });
  assertEquals(rateOf(stateOf(9_000, { out: 950 })), { in: 200, out: 100 });
  assertEquals(rateOf(stateOf(10_000, { startedAt: 9_500, out: 5 })), undefined, "the process is another one");
  assertEquals(rateOf(stateOf(11_000, { startedAt: 9_500, out: 25 })), { in: 40, out: 20 });
});

Deno.test("History keeps ten minutes, in the order of time, with gaps where nothing was told", () => {
  const history = new History();
  history.break(0);
  assertEquals(history.series.at, [], "nothing was told yet, so nothing has ended");
  history.take(stateOf(1_000, { out: 0 }));
  history.break(2_000);
  history.take(stateOf(3_000, { out: 0 }));
  history.take(stateOf(2_500, { out: 0 }));
  assertEquals(history.series.at, [1, 2, 3]);
  assertEquals(history.series.values.lag, [0, null, 0]);
  for (let second = 4; second < 1_000; second++) history.take(stateOf(second * 1_000, { out: 0 }));
  assertEquals([history.series.at.length, history.series.values.heap.length, history.series.at[0]], [600, 600, 400]);
});
