import { assertEquals } from "@std/assert";
import { type Startable, startInTurn, type TurnOptions } from "../../../src/cli/start/start_in_turn.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import mirror from "../../../topologies/mirror.ts";
import orderFunnel from "../../../topologies/order_funnel.ts";
import sales from "../../../topologies/sales.ts";

/** Starts all three, each of which shows its rows when `until` is over; gives the order. */
async function orderOf(options: Partial<TurnOptions>, firstStart = Promise.resolve()): Promise<string[]> {
  const order: string[] = [];
  const runs: Startable[] = [mirror, sales, orderFunnel].map((topology) => ({
    topology,
    start: () => void order.push(topology.name),
    firstStart,
  }));
  const signal = new AbortController().signal;
  const turns = startInTurn(runs, { clock: createManualClock(), signal, first: "fewest joins", ...options });
  const waiting = firstStart === NEVER;
  if (!waiting) await turns;
  return order;
}

const NEVER = new Promise<void>(() => {});

Deno.test("startInTurn() begins with the fewest joins, or with the most", async () => {
  assertEquals(await orderOf({ first: "fewest joins" }), ["mirror", "order_funnel", "sales"]);
  assertEquals(await orderOf({ first: "most joins" }), ["sales", "order_funnel", "mirror"]);
});

Deno.test("startInTurn() waits ten seconds for one that does not come, and starts none when told to end", async () => {
  const clock = createManualClock();
  const order = await orderOf({ clock }, NEVER);
  assertEquals(order, ["mirror"]);
  clock.advance(9_999);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(order, ["mirror"]);
  clock.advance(1);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(order, ["mirror", "order_funnel"]);

  const told = AbortSignal.abort();
  assertEquals(await orderOf({ signal: told }), []);
});
