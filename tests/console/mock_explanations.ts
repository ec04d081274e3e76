import { badPrice } from "./mock_letters.ts";
import type { ExplainedStep, Explanation, Outcome, SourceRow } from "../../console/api/contract.ts";

const SOURCE: SourceRow = {
  table: "order_items",
  stale: false,
  topic: "online_store.public.order_items",
  partition: 4,
  offset: 20_114,
  timestampMs: Date.UTC(2026, 2, 1, 9, 14, 3),
  row: { id: "4711", order_id: "1822", product_id: "93", quantity: 2, unit_price: "24.90" },
};

const ORDER = step("order_items.order", {
  op: "foreignKeyJoin",
  outcome: "matched",
  sentence: "Order 1822 was found.",
  lookup: {
    table: "orders",
    key: { id: "1822" },
    outcome: "matched",
    row: { id: "1822", status: "paid", user_id: "310" },
    why: null,
  },
});
const PRODUCT = step("order_items.product", {
  op: "foreignKeyJoin",
  outcome: "matched",
  sentence: "Product 93 was found.",
  lookup: {
    table: "products",
    key: { id: "93" },
    outcome: "matched",
    row: { id: "93", seller_id: "12", name: "Kettle" },
    why: null,
  },
});
const ROW = {
  order_item_id: "4711",
  order_id: "1822",
  status: "paid",
  product: "Kettle",
  quantity: 2,
  amount: "49.80",
};

const LETTER = badPrice(1, SOURCE.timestampMs!);

type Common = Omit<Explanation, "outcome" | "sentence" | "steps">;

/** Where rows with these keys stop, and why. */
const STOPS: Readonly<Record<string, Stop>> = {
  "1": { outcome: "filtered", operator: "orders.filter", sentence: "The order is cancelled." },
  "2": { outcome: "no partner", operator: "order_items.product", sentence: "There is no product 93." },
  "3": { outcome: "null key", operator: "order_items.product", sentence: "product_id is null." },
  "4": { outcome: "waiting", operator: "order_items.order", sentence: "Its order has not answered." },
  "5": { outcome: "dead letter", operator: "online_store.public.order_items", sentence: "It cannot be read." },
};

interface Stop {
  readonly outcome: Extract<Outcome, ExplainedStep["outcome"]>;
  readonly operator: string;
  readonly sentence: string;
}

/** An explanation of each outcome, by key: 4711 is shown, 1 to 6 are not, `total` is a total, others are unknown. */
export function explanationOf(
  { topology, table, key }: { readonly topology: string; readonly table: string; readonly key: string },
): Explanation {
  const named = { order_item_id: key };
  const none = { shown: null, shownKnown: true, shares: [], totals: [], outputs: [], deadLetters: [], notes: [] };
  const place = { kind: "rows", operator: null, task: "order_items-4", unanswered: [] } as const;
  const common = { topology, table, key: named, source: SOURCE, sources: [SOURCE], ...none, ...place };
  if (key === "4711") return shownRow(common);
  if (key === "total") return total(common);
  if (key === "events") return totalOfEvents(common);
  if (key === "online_store.clickstream/0/33") return record(common);
  if (STOPS[key] !== undefined) return stopped(common, STOPS[key]);
  const deletedBy = { topic: SOURCE.topic!, partition: 4, offset: 20_114, letter: "letter-1" };
  if (key === "6") {
    return { ...common, outcome: "unknown", sentence: "The record was corrected.", source: null, steps: [], deletedBy };
  }
  const sentence = `Nothing with key ${key} was ever read.`;
  return { ...common, outcome: "unknown", sentence, source: null, sources: [], steps: [] };
}

function shownRow(common: Common): Explanation {
  return {
    ...common,
    outcome: "shown",
    sentence: "The row is shown, and equals what is computed from its source.",
    steps: [
      ORDER,
      PRODUCT,
      step("order_items.mapValues", { op: "mapValues", outcome: "passed", sentence: "Mapped.", row: ROW }),
    ],
    shown: { task: "order_items-4", version: "1900000000021", row: ROW, digestsEqual: true, changedByHand: false },
    totals: [{
      table: "seller_revenue_by_hour",
      aggregate: "revenue_by_hour",
      group: { seller_id: "12", hour: "2026-03-01 09:00:00" },
      adds: { revenue: "49.80", units: 2, items: 1 },
    }],
  };
}

function total(common: Common): Explanation {
  return {
    ...common,
    kind: "total",
    outcome: "shown",
    sentence: "The total is made of 4 rows.",
    source: null,
    steps: [],
    shown: {
      task: "order_items-2",
      version: "7",
      row: { revenue: "112.40", items: 3 },
      digestsEqual: true,
      changedByHand: false,
    },
    contributors: {
      aggregate: "revenue_by_hour",
      total: 4,
      rows: [contributor("4711", "49.80"), contributor("4712", "12.60")],
      next: "[4712]",
    },
  };
}

function totalOfEvents(common: Common): Explanation {
  const event = (offset: number) => ({
    ...{ table: "clickstream", partition: 0, key: { key: "310" }, adds: { pieces: 2 } },
    event: {
      ...{ topic: "online_store.clickstream", offset, timeUs: SOURCE.timestampMs! * 1_000 },
      isMaybeLate: offset > 1_034,
    },
  });
  return {
    ...total(common),
    sentence: "The total is made of 3 events.",
    contributors: {
      aggregate: "cart-sessions",
      total: 3,
      proof: "differs",
      rows: [event(33), event(1_034), event(1_035)],
      next: null,
    },
  };
}

function record(common: Common): Explanation {
  const source = { ...SOURCE, table: "clickstream", topic: "online_store.clickstream", key: { key: "310" } };
  return {
    ...common,
    kind: "events",
    outcome: "missing",
    sentence: "The record makes 2 rows, and ClickHouse does not have 1 of them.",
    ...{ source, sources: [source] },
    steps: [step("clickstream", { op: "stream", outcome: "found", sentence: "reads the record as an event" })],
    appended: [
      { index: 0, row: { signal: "other amount" }, made: { signal: "other amount" }, isExpected: true },
      { index: 1, row: null, made: { signal: "other country" }, isExpected: null },
    ],
  };
}

function contributor(order_item_id: string, revenue: string) {
  return { table: "order_items", partition: 4, key: { order_item_id }, adds: { revenue, items: 1 } };
}

function stopped(common: Common, { outcome, operator, sentence }: Stop): Explanation {
  const op = operator.endsWith("filter") ? "filter" : "foreignKeyJoin";
  const last = step(operator, { op, outcome, sentence });
  return {
    ...common,
    outcome,
    operator,
    sentence: `The row is not shown: ${sentence}`,
    steps: operator === "order_items.order" ? [last] : [ORDER, last],
    deadLetters: outcome === "dead letter" ? [LETTER] : [],
  };
}

function step(
  name: string,
  rest: Pick<ExplainedStep, "op" | "outcome" | "sentence"> & Partial<ExplainedStep>,
): ExplainedStep {
  return { index: 0, operator: name, row: null, ...rest };
}
