import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { METRICS } from "../../src/runtime/metric_names.ts";
import { contextOf, type DemoLoad, loadDemo } from "../../tools/dashboards/demo_load.ts";
import { expandSql, intervalOf, type QueryContext } from "../../tools/dashboards/expand.ts";
import { KNOWN_METRICS } from "../../tools/dashboards/known_metrics.ts";
import type { Panel } from "../../tools/dashboards/model.ts";
import { metricNames } from "./metric_names.ts";
import { committed, hex, panelsOf, textAt } from "./support.ts";
import { abandonedCarts, declinedPayments, fraudSignals } from "./shop_truth.ts";
import { salesOf } from "./truth.ts";

type Row = Record<string, unknown>;

const SALES = committed().find(([, { uid }]) => uid === "store-sales")![1];
const sum = (rows: readonly Row[], column: string) => rows.reduce((total, row) => total + Number(row[column]), 0);
const cents = (value: unknown) => Math.round(Number(value) * 100);

/** What rows of a panel's first query are asked for. */
type Ask = (title: string, chosen?: Record<string, readonly string[]>) => Promise<Row[]>;

function asking({ warehouse }: DemoLoad, context: QueryContext): Ask {
  return async (title, chosen = {}) => {
    const panel = panelNamed(title);
    const variables = Object.entries(context.variables).map(([name, { options }]) =>
      [name, { options, value: chosen[name] ?? "all" }] as const
    );
    const own = { ...context, intervalMs: intervalOf(panel, context), variables: Object.fromEntries(variables) };
    return await warehouse.query(expandSql(sqlOf(panel), own));
  };
}

function sqlOf(panel: Panel): string {
  const [target] = panel.targets;
  if (!("rawSql" in target)) throw new TypeError(`Panel "${panel.title}" does not ask ClickHouse`);
  return target.rawSql;
}

function panelNamed(title: string): Panel {
  const panel = panelsOf(SALES).find((candidate) => candidate.title === title);
  if (panel === undefined) throw new TypeError(`There is no panel "${title}"`);
  return panel;
}

Deno.test("panels that ask ClickHouse, after a demo load of the topologies", async (t) => {
  await using load = disposable(await loadDemo({ orders: 600, changes: 1_500 }));
  const truth = salesOf(load.truth);
  const context = await contextOf(load, SALES.templating.list, { intervalMs: 60_000 });
  const ask = asking(load, context);

  await t.step("every panel's query runs and none is empty", () => checkEveryQuery(load, context));

  await t.step("the sales are those that PostgreSQL's rows make", async () => {
    const [now] = await ask("Sales");
    assertEquals(cents(now.Revenue), truth.revenueCents);
    assertEquals(Number(now.Orders), truth.orders);
    assertEquals(Number(now["Pieces sold"]), truth.pieces);
    const [{ Cancelled }] = await ask("Cancelled orders");
    assertEquals(Cancelled, truth.cancelledOrders / truth.allOrders);
    const byCategory = await ask("Revenue by category");
    assertEquals(
      Object.fromEntries(byCategory.map((row) => [row.category, cents(row.revenue)])),
      truth.revenueCentsByCategory,
    );
  });

  await t.step("abandoned carts and fraud signals are those that the shop's events make", () => checkShop(load));

  await t.step("what is split adds up to the whole", async () => {
    const whole = truth.revenueCents;
    assertEquals(Math.round(sum(await ask("Revenue and orders"), "Revenue") * 100), whole);
    assertEquals(Math.round(sum(await ask("Revenue by category over time"), "Value") * 100), whole);
    assertEquals(Math.round(sum(await ask("Revenue by buyer's country"), "revenue") * 100), whole);
    assertEquals(sum(await ask("Orders by status"), "orders"), truth.allOrders);
  });

  await t.step("each variable's options split the sales without a remainder", async () => {
    for (const [name, { options }] of Object.entries(context.variables)) {
      assert(options.length > 1, `Variable "${name}" has ${options.length} options`);
      let total = 0;
      for (const option of options) {
        const [now] = await ask("Sales", { [name]: [option] });
        total += cents(now.Revenue);
      }
      assertEquals(total, truth.revenueCents, name);
      const [both] = await ask("Sales", { [name]: options });
      assertEquals(cents(both.Revenue), truth.revenueCents, name);
    }
  });

  await t.step("a value is chosen by its digits, whatever it holds", () => checkDigits(load, context));

  await t.step("a value with quotes or a backslash is no SQL", async () => {
    const chosen = { category: ["toys' OR 1=1 --", 'x"', "\\"].map(hex), country: ["Côte d'Ivoire", "'\\"].map(hex) };
    for (const panel of panelsOf(SALES)) await ask(panel.title, chosen);
    const [now] = await ask("Sales", chosen);
    assertEquals(Number(now.Revenue), 0);
  });

  await t.step(
    "the alert rule's query says 0, and more when one of the tables has hours that the other lacks",
    async () => {
      const rules = parse(textAt("grafana/provisioning/alerting/rules.yaml"));
      const { rawSql } = rules.groups[0].rules[0].data[0].model;
      // Up to the end of the hour in which the changes happened.
      const difference = async () => Number((await load.warehouse.query(expandSql(rawSql, context)))[0].difference);
      assertEquals(await difference(), 0);
      const later = expandSql(rawSql, context).replaceAll(/hour </g, "hour + INTERVAL 1 DAY <");
      assert(Number((await load.warehouse.query(later))[0].difference) > 0.001);
    },
  );

  await t.step("every metric of Weir's that a dashboard asks for was reported", () => checkEveryMetric(load));
});

async function checkEveryQuery(load: DemoLoad, context: QueryContext): Promise<void> {
  let executed = 0;
  for (const [file, dashboard] of committed()) {
    for (const panel of panelsOf(dashboard)) {
      for (const target of panel.targets) {
        if (!("rawSql" in target)) continue;
        const own = { ...context, intervalMs: intervalOf(panel, load.range) };
        const rows = await load.reading.query(expandSql(target.rawSql, own));
        assert(rows.length > 0, `"${panel.title}" in ${file} is empty`);
        assert(!Object.values(rows[0]).every((value) => Number(value) === 0), `"${panel.title}" in ${file} shows 0`);
        executed++;
      }
    }
  }
  console.log(`${executed} panel queries executed`);
}

/** Of sessions and orders that are long over; the newest ones may not be told yet. */
async function checkShop({ warehouse, events, truth, range }: DemoLoad): Promise<void> {
  const over = (at: string) => Date.parse(at) < range.toMs - 7 * 3_600_000;
  const carts = await warehouse.query("SELECT user_id, window_end, cart_value FROM cart_abandonment");
  const shown = carts.map((row) => [row.user_id, row.window_end, row.cart_value].map(String).join(" "));
  const made = abandonedCarts(events.clickstream, truth);
  const text = ({ user, end, cents }: typeof made[number]) =>
    `${user} ${end.replace("T", " ").replace("Z", "")} ${(cents / 100).toFixed(2)}`.replace(/\.?0+$/, "");
  const all = new Set(made.map(text));
  const told = new Set(shown.map((row) => row.replace(/\.?0+$/, "")));
  assert(made.filter(({ end }) => over(end)).length > 10);
  for (const cart of made) if (over(cart.end)) assert(told.has(text(cart)), `cart "${text(cart)}" is not shown`);
  for (const row of told) assert(all.has(row), `cart "${row}" is shown and nobody left it`);

  const signals = await warehouse.query(
    "SELECT order_id, signal, ordered_at FROM fraud_signals ORDER BY order_id, signal",
  );
  const expected = fraudSignals(events);
  const wrong = expected.filter(({ signal }) => signal !== "no payment").map(({ order, signal }) =>
    `${order} ${signal}`
  );
  const found = signals.map((row) => `${row.order_id} ${row.signal}`);
  assertEquals(found.filter((one) => !one.endsWith("no payment")), wrong.sort());
  const unpaid = expected.filter(({ signal }) => signal === "no payment");
  for (const { order, at } of unpaid) if (over(at)) assert(found.includes(`${order} no payment`), `order ${order}`);
  for (const one of found) assert(expected.some(({ order, signal }) => one === `${order} ${signal}`), one);

  const declined = await warehouse.query("SELECT order_id, tries FROM declined_payments");
  const tried = declinedPayments(events).map(({ order, tries }) => `${order} ${tries}`);
  assert(declined.length > 0);
  for (const { order_id, tries } of declined) assert(tried.includes(`${order_id} ${tries}`), String(order_id));
}

async function checkDigits({ warehouse }: DemoLoad, context: QueryContext): Promise<void> {
  for (const text of ["toys", "it's", 'x"', "back\\slash", "ends with \\"]) {
    const quoted = `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
    const [{ digits }] = await warehouse.query(`SELECT hex(${quoted}) AS digits`);
    assertEquals(digits, hex(text));
    const asked = expandSql("hex(category) IN (${category:sqlstring})", {
      ...context,
      variables: { category: { options: [], value: [hex(text), hex("other")] } },
    });
    const [{ chosen }] = await warehouse.query(`SELECT ${asked} AS chosen FROM (SELECT ${quoted} AS category)`);
    assertEquals(Number(chosen), 1, text);
  }
}

/** Metrics that no topology of the demo has, and what would have them. */
const OF_OTHERS: Readonly<Record<string, string>> = {
  weir_horizon_timestamp_seconds: "a retention",
  weir_dead_letters_open: "a dead letter",
  weir_proof_checked_timestamp_seconds: "a continuous proof",
  weir_proof_equal_rows: "a continuous proof",
  weir_proof_differing_rows: "a continuous proof",
  weir_proof_left_out: "a continuous proof",
};

/** What a panel asks for must be there: a metric, or a label's value, that nobody reports shows nothing. */
function checkEveryMetric(load: DemoLoad): void {
  assert(!load.reported.has("weir_operator_rows outcome=without_partners"));
  for (const name of Object.keys(OF_OTHERS)) assert(!load.reported.has(name), `${name} is reported by the demo`);
  for (const [file, dashboard] of committed()) {
    for (const panel of panelsOf(dashboard)) {
      for (const target of panel.targets) {
        if ("rawSql" in target) continue;
        for (const name of metricNames(target.expr)) {
          if (!name.startsWith("weir_")) continue;
          const metric = Object.keys(METRICS).find((key) => name === key || name.startsWith(`${key}_`)) ?? "";
          assert(
            KNOWN_METRICS.has(name) && (load.reported.has(metric) || metric in OF_OTHERS),
            `${file} asks for "${name}", which nobody reports`,
          );
        }
        for (const [, name, labels] of target.expr.matchAll(/\b(weir_\w+)\{([^}]*)\}/g)) {
          for (const [, label, value] of labels.matchAll(/\b(outcome|state|result)="([^"]*)"/g)) {
            const asked = `${name} ${label}=${value}`;
            assert(load.reported.has(asked), `"${panel.title}" in ${file} asks for ${asked}, which nobody reports`);
          }
        }
      }
    }
  }
}

function disposable(load: DemoLoad): DemoLoad & AsyncDisposable {
  return { ...load, [Symbol.asyncDispose]: () => load.close() };
}
