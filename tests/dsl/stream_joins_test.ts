import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  clickhouseAppend,
  debezium,
  Decimal,
  events,
  int8,
  type KStream,
  numeric,
  topology,
  type TopologyBuilder,
} from "../../src/mod.ts";
import type { StreamJoinNode, TableJoinNode } from "../../src/dsl/stream_nodes.ts";

const orders = events("shop.orders", { row: z.object({ id: int8() }) });
const payments = events("shop.payments", { row: z.object({ order_id: int8(), method: z.string() }) });
const products = debezium("shop.products", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const rates = debezium("shop.rates", {
  key: ["day", "currency"],
  row: z.object({ day: int8(), currency: z.string(), rate: numeric(9, 4) }),
});
const paid = clickhouseAppend("paid", { columns: { id: "Int64" }, orderBy: ["id"] });
const byOrder = [
  ({ id }: { id: unknown }) => ({ id }),
  ({ order_id }: { order_id: unknown }) => ({ id: order_id }),
] as [
  (order: { id: unknown }) => { id: unknown },
  (payment: { order_id: unknown }) => { id: unknown },
];

type Joined = Omit<StreamJoinNode, "groupBys"> | Omit<TableJoinNode, "groupBy">;

/** The joins of a topology, without their callbacks. */
function joinsOf<K, V extends { id: unknown }>(
  declare: (builder: TopologyBuilder) => KStream<K, V>,
): Partial<Joined>[] {
  return topology("t", (builder) => declare(builder).mapValues(({ id }) => ({ id: id as number })).to(paid)).streams
    .filter(({ op }) => op === "streamJoin" || op === "tableJoin")
    .map((node) => JSON.parse(JSON.stringify(node, (_, value) => typeof value === "function" ? undefined : value)));
}

function problemsOf(declare: (builder: TopologyBuilder) => void): readonly string[] {
  return (assertThrows(() => topology("t", declare)) as Error & { problems: string[] }).problems
    .filter((problem) => !problem.startsWith("It writes nothing"));
}

Deno.test("join(), leftJoin() and outerJoin() of streams are nodes with both inputs, a window and columns", () => {
  const within = { minutes: 10 };
  const declared = [
    joinsOf((builder) => builder.stream(orders).join("payment", builder.stream(payments), { on: byOrder, within })),
    joinsOf((builder) =>
      builder.stream(orders).leftJoin("payment", builder.stream(payments), {
        on: byOrder,
        within: { before: { seconds: 0 }, after: { hours: 1 } },
        grace: { seconds: 30 },
      })
    ),
    joinsOf((builder) =>
      builder.stream(orders).outerJoin({ left: "order", right: "payment" }, builder.stream(payments), {
        on: byOrder,
        within,
      }).mapValues(() => ({ id: 1 }))
    ),
    joinsOf((builder) => {
      const all = builder.stream(orders);
      return all.join("other", all, { on: [({ id }) => ({ id }), ({ id }) => ({ id })], within });
    }),
  ].map(([join]) => join);
  const tenMinutes = { beforeUs: 600_000_000, afterUs: 600_000_000, graceUs: 0 };
  const common = { op: "streamJoin", name: "orders.payment", id: 2, inputs: [0, 1], groupBys: [null, null] };
  assertEquals<unknown[]>(declared, [
    { ...common, kind: "inner", ...tenMinutes, columns: { left: null, right: "payment" } },
    {
      ...common,
      kind: "left",
      beforeUs: 0,
      afterUs: 3_600_000_000,
      graceUs: 30_000_000,
      columns: { left: null, right: "payment" },
    },
    { ...common, kind: "outer", ...tenMinutes, columns: { left: "order", right: "payment" } },
    {
      ...common,
      name: "orders.other",
      id: 1,
      inputs: [0, 0],
      kind: "inner",
      ...tenMinutes,
      columns: { left: null, right: "other" },
    },
  ]);
});

Deno.test("join() of a stream with a table is a node with the table and its key, its history and its grace", () => {
  const [plain] = joinsOf((builder) =>
    builder.stream(orders).join("product", builder.table(products).filter(() => true), ({ id }) => id)
  );
  const common = { op: "tableJoin", name: "orders.product", id: 1, inputs: [0], keyColumns: ["id"], column: "product" };
  assertEquals<unknown>(plain, { ...common, kind: "inner", right: 1, historyUs: null, graceUs: 0 });
  const [versioned] = joinsOf((builder) =>
    builder.stream(orders).leftJoin("product", builder.table(products), {
      on: ({ id }) => id,
      versioned: { hours: 1 },
      grace: { minutes: 1 },
    })
  );
  assertEquals<unknown>(versioned, {
    ...common,
    kind: "left",
    right: 0,
    historyUs: 3_600_000_000,
    graceUs: 60_000_000,
  });
});

Deno.test("join() of a stream with a table keys events by the columns of the table's key", () => {
  const { streams } = topology("t", (builder) => {
    builder.stream(payments).leftJoin("product", builder.table(products), ({ order_id }) => order_id)
      .leftJoin("rate", builder.table(rates), (payment) => payment as never).forEach(() => {});
  });
  const [one, several] = streams.filter((node) => node.op === "tableJoin")
    .map(({ groupBy }) => (value: unknown) => groupBy(value, null, null as never));
  assertEquals(one({ order_id: 7 }), { id: 7 });
  assertEquals(one({ order_id: Decimal.parse("7") }), { id: Decimal.parse("7") });
  assertEquals(one({ order_id: { id: 7 } }), { id: 7 });
  assertEquals(one({ order_id: null }), null);
  assertThrows(() => one({}), TypeError, 'Cannot use a foreign key without "id"');
  assertEquals(several({ currency: "EUR", day: 1, more: 2 }), { day: 1, currency: "EUR" });
  assertThrows(() => several({ day: 1 }), TypeError, 'Cannot use a foreign key without "currency"');
});

Deno.test("topology() tells what is wrong with joins of streams", () => {
  const within = { minutes: 1 };
  const problems = problemsOf((builder) => {
    const [all, other] = [builder.stream(orders), builder.stream(payments)];
    all.join("the payment", other, { on: byOrder, within });
    all.outerJoin({ left: "payment", right: "payment" }, other, { on: byOrder, within });
    all.join("payment", other, { on: byOrder, within });
    all.join("total", builder.table(products).groupBy(({ id }) => ({ id })).count("counted"), ({ id }) => id);
    all.join(
      "rich",
      builder.table(products).leftJoin("again", builder.table(products), ({ id }) => id),
      ({ id }) => id,
    );
    all.join("patient", builder.table(products), {
      on: ({ id }) => id,
      versioned: { seconds: 1 },
      grace: { seconds: 2 },
    });
  });
  assertEquals(
    problems.map((problem) => problem.slice(0, 75)),
    [
      'Cannot name join "orders.the payment": it names a topic. Use letters, digits, ',
      'Both sides of join "orders.payment" are called "payment". Name the columns apart',
      'Two operators are named "orders.payment". Give one of the joins another col',
      'Cannot join "orders.total": its table has "counted" (aggregate), and a stre',
      'Cannot join "orders.rich": its table has "products.again" (foreignKeyJoin), a',
      'Join "orders.patient" lets events wait for longer than its table remembers ',
    ].map((problem) => problem.slice(0, 75)),
  );
});

Deno.test("join() of a stream refuses another topology's streams and tables, and the history of a global table", () => {
  let other!: KStream<string | null, { order_id: number | bigint; method: string }>;
  topology("other", (builder) => (other = builder.stream(payments)).forEach(() => {}));
  topology("t", (builder) => {
    const all = builder.stream(orders);
    all.forEach(() => {});
    const join = () => all.join("payment", other, { on: byOrder, within: { minutes: 1 } });
    assertThrows(join, TypeError, 'Cannot join "payment" with a stream of another topology');
    const wrong = () => all.join("payment", other, { on: byOrder, within: { minutes: -1 } });
    assertThrows(wrong, TypeError, "of another topology");
    const negative = () => all.join("own", all, { on: [() => ({ a: 1 }), () => ({ a: 1 })], within: { minutes: -1 } });
    assertThrows(negative, TypeError, "as a duration");
    const history = { on: () => 1, versioned: { hours: 1 } };
    const global = () => all.join("product", builder.globalTable(products) as never, history as never);
    assertThrows(global, TypeError, "a global table has its newest rows alone");
  });
});
