import pg from "pg";
import { stackAddresses } from "../../mod.ts";
import type { Stage } from "../stage.ts";
import { sleep } from "../steps.ts";
import type { WeirProcess } from "../weir.ts";
import type { Scenario } from "./scenario.ts";

const ORDERS = 300;
const PER_SECOND = 20;
const LOOK_EVERY_MS = 5;

/** How long an order takes from the commit in PostgreSQL until a query on ClickHouse shows it. */
export const latency: Scenario = {
  title: "latency",
  async run(stage) {
    const { steps } = stage;
    const weir = stage.startWeir();
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await steps.step(`${ORDERS} orders, from commit to a query of sales`, async (signal) => {
      const before = await shownDelay(weir);
      const delays = await measure(stage, signal);
      const after = await shownDelay(weir);
      const at = (share: number) => `${Math.round(delays[Math.ceil(delays.length * share) - 1])} ms`;
      stage.figures.push(
        `end-to-end lag, commit in PostgreSQL to a query of ClickHouse: p50 ${at(0.5)}, p99 ${at(0.99)} ` +
          `(${ORDERS} orders at ${PER_SECOND}/s)`,
      );
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const own = (after.seconds - before.seconds) / (after.rows - before.rows) * 1000;
      return `${PER_SECOND}/s: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, greatest ${at(1)}; mean ${
        Math.round(mean(delays))
      } ms, of which Weir from log to insert ${Math.round(own)} ms`;
    });
    await stage.verify("after the orders");
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
  },
};

/** What Weir says of itself: from the time of the record in the log to the acknowledgement of the insert. */
async function shownDelay(weir: WeirProcess): Promise<{ seconds: number; rows: number }> {
  const ofSales = /topology="sales".*sink="sales"|sink="sales".*topology="sales"/;
  return {
    seconds: await weir.metric("weir_visible_delay_seconds_sum", ofSales),
    rows: await weir.metric("weir_visible_delay_seconds_count", ofSales),
  };
}

/** Milliseconds of each order, sorted. */
async function measure(stage: Stage, signal: AbortSignal): Promise<number[]> {
  const client = new pg.Client(stackAddresses(stage.options).postgres);
  await client.connect();
  const waiting = new Map<string, number>();
  const delays: number[] = [];
  let placed = 0;
  try {
    const [{ first }] = (await client.query("SELECT coalesce(max(id), 0) AS first FROM order_items")).rows;
    const looking = (async () => {
      while (delays.length < ORDERS) {
        signal.throwIfAborted();
        for (
          const { id } of await stage.query(`SELECT order_item_id AS id FROM sales WHERE order_item_id > ${first}`)
        ) {
          const committedMs = waiting.get(String(id));
          if (committedMs === undefined) continue;
          waiting.delete(String(id));
          delays.push(performance.now() - committedMs);
        }
        await sleep(LOOK_EVERY_MS);
      }
    })();
    for (let dueMs = performance.now(); placed < ORDERS; placed++, dueMs += 1000 / PER_SECOND) {
      await sleep(Math.max(0, dueMs - performance.now()));
      signal.throwIfAborted();
      const item = "SELECT id, 1, 1, 9.99 FROM placed RETURNING id";
      const { rows } = await client.query(`
        WITH placed AS (INSERT INTO orders (user_id, status, total_amount) VALUES (1, 'paid', 9.99) RETURNING id)
        INSERT INTO order_items (order_id, product_id, quantity, unit_price) ${item}`);
      waiting.set(String(rows[0].id), performance.now());
    }
    await looking;
    return delays.sort((a, b) => a - b);
  } finally {
    await client.end();
  }
}
