import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  argMin,
  avg,
  collect,
  count,
  countDistinct,
  custom,
  date,
  debezium,
  float8,
  int8,
  json,
  max,
  numeric,
  sum,
  timestamptz,
  topN,
  type TopologyBuilder,
  uuid,
} from "../../src/mod.ts";
import { problemsOf, shownBy, type Untyped } from "./declared_wrong.ts";

const products = debezium("shop.public.products", {
  key: ["id"],
  row: z.object({
    ...{ id: int8(), seller_id: int8(), weight_kg: float8().nullable(), width: z.number(), stock: z.int() },
    ...{ price: numeric(12, 2), code: uuid(), attributes: json(), added_at: timestamptz(), day: date() },
    ...{ kind: z.enum(["new", "used"]), tags: z.array(z.string()), anything: z.unknown(), on_sale: z.boolean() },
  }),
});
const lines = debezium("shop.public.lines", {
  key: ["order_id", "line"],
  row: z.object({ order_id: int8(), line: z.int(), product_id: int8(), quantity: z.int() }),
});

Deno.test("topology() refuses sum() and avg() of what the row schema says is a float", () => {
  const totals = shownBy(["kind"], { kind: "String", total: "Decimal(18, 2)", mean: "Decimal(18, 6)" });
  const problems = problemsOf((b) =>
    b.table(products).groupBy(({ kind }) => ({ kind })).aggregate("by-kind", {
      total: sum((row) => row.weight_kg),
      mean: avg((row) => row.width * row.stock),
    }).to(totals)
  );
  const rest = "taking a row out again would leave an error. Declare the source's column as numeric(), or map it to " +
    "an integer or a Decimal";
  assertEquals(problems, [
    `Total "total" of aggregate "by-kind" is sum() of a float, products.weight_kg: ${rest}`,
    `Total "mean" of aggregate "by-kind" is avg() of a float: ${rest}`,
  ]);
});

Deno.test("topology() refuses orders that there are not, and lists without a bound", () => {
  const shown = shownBy(["kind"], { kind: "String", least: "Int64", top: "Array(Int64)", all: "Array(Int64)" });
  const problems = problemsOf((b) =>
    b.table(products).groupBy(({ kind }) => ({ kind })).aggregate("by-kind", {
      least: argMin((row) => row.on_sale as Untyped, (row) => row.id),
      top: topN(0, { by: (row) => row.tags as Untyped, value: (row) => row.id }),
      all: collect((row) => row.id, { by: (row) => row.price, max: 1_001 }),
      tags: countDistinct((row) => row.tags as Untyped),
    }).to(shown)
  );
  const remedy = "which has no order. Order by a number, a Decimal, a text or a time";
  assertEquals(problems, [
    `Total "least" of aggregate "by-kind" is argMin() by a truth value, ${remedy}`,
    'Total "top" of aggregate "by-kind" is topN() of 0 values: use an integer from 1 to 1000',
    `Total "top" of aggregate "by-kind" is topN() by an object, ${remedy}`,
    'Total "all" of aggregate "by-kind" is collect() of 1001 values: use an integer from 1 to 1000',
    'Total "tags" of aggregate "by-kind" is countDistinct() of objects, which cannot be compared. Count a number, a ' +
    "Decimal, a text or a truth value",
  ]);
});

Deno.test("topology() tries the laws of custom() and reduce() with rows of one group, and with samples", () => {
  const shown = shownBy(["seller_id"], { seller_id: "Int64", total: "Int64" });
  const kept = {
    empty: () => 0,
    add: (sum: number, stock: number) => sum + stock,
    subtract: (sum: number, stock: number) => sum - stock,
    merge: (a: number, b: number) => a + b,
  };
  const lawsOf = (total: Untyped) =>
    new Set(
      problemsOf((b) =>
        b.table(products).groupBy(({ seller_id }) => ({ seller_id })).aggregate("by-seller", { total }).to(shown)
      ).map((problem) => problem.replace(/: .*/, "")),
    );
  const stock = (row: { readonly stock: number }) => row.stock;
  const law = 'Total "total" of aggregate "by-seller" breaks a law of custom()';
  assertEquals(lawsOf(custom({ ...kept, value: stock })), new Set());
  assertEquals(
    problemsOf((b) =>
      b.table(products).groupBy(({ seller_id }) => ({ seller_id })).aggregate("by-seller", {
        total: custom({ ...kept, value: (row) => row.stock, subtract: (sum) => sum }),
      }).to(shown)
    ),
    [`${law}: subtract() must give the state before add(): 50400000 is not 25200000`],
  );
  assertEquals(
    lawsOf(custom({ ...kept, value: (row: Untyped) => row.weight_kg })),
    new Set([law]),
    "floats leave dust",
  );
  assertEquals(lawsOf(custom({ ...kept, value: (row: Untyped) => row.missing.stock })), new Set(), "nothing is known");
  const declared = custom({ ...kept, value: (row: Untyped) => row.missing.stock, samples: [0.1, 0.2, 0.7] });
  assertEquals(lawsOf(declared), new Set([law]));
  assertEquals(
    lawsOf(custom({ ...kept, value: stock, samples: [1], add: (sum) => Math.max(sum, 9e9) })),
    new Set([law]),
  );
});

Deno.test("topology() refuses a reduce() that passes on what only one row has, unless it is the group's", () => {
  const shown = shownBy(["seller_id"], { seller_id: "Int64", total: "Int64" });
  const problemsWith = (column: "day" | "seller_id") =>
    problemsOf((b) =>
      b.table(products).mapValues((row) => ({ seller_id: row.seller_id, total: row.stock, [column]: row[column] }))
        .groupBy(({ seller_id }) => ({ seller_id }))
        .reduce("sums", {
          adder: (a, b) => ({ ...a, total: a.total + b.total }),
          subtractor: (a, b) => ({ ...a, total: a.total - b.total }),
        }).to(shown)
    ).map((problem) => problem.replace(/values: .*/, "values"));
  assertEquals(problemsWith("seller_id"), []);
  assertEquals(problemsWith("day"), [
    'Total "reduced row" of aggregate "sums" breaks a law of reduce(): adder() must not depend on the order of values',
  ]);
});

Deno.test("topology() finds a float through mapValues, filter and joins", () => {
  const totals = shownBy(["order_id"], { order_id: "Int64", weight: "Decimal(18, 2)" });
  const problems = problemsOf((b) =>
    b.table(lines).join("product", b.table(products), (line) => line.product_id)
      .filter(() => false)
      .mapValues(({ order_id, product }) => ({ order_id, weight: product.weight_kg }))
      .groupBy(({ order_id }) => ({ order_id }))
      .aggregate("by-order", { weight: sum((row) => row.weight) }).to(totals)
  );
  assertEquals(problems.length, 1);
  assertEquals(problems[0].slice(0, 68), 'Total "weight" of aggregate "by-order" is sum() of a float, products');
});

Deno.test("topology() has nothing against exact totals, whatever callbacks do with the row", () => {
  const totals = shownBy(["kind"], { kind: "String", total: "Decimal(18, 2)" });
  const values: readonly ((row: Untyped) => Untyped)[] = [
    (row) => row.price,
    (row) => row.stock / 100,
    (row) => row.day % 7,
    (row) => Math.round(row.weight_kg * 1000),
    (row) => row.anything,
    (row) => JSON.parse(row.attributes).weight ?? 0,
    (row) => row.tags[0].length,
    (row) => row.price.plus(row.missing.price),
  ];
  for (const value of values) {
    const declare = (b: TopologyBuilder) =>
      b.table(products).groupBy(({ kind }) => ({ kind })).aggregate("by-kind", { total: sum(value) }).to(totals);
    assertEquals(problemsOf(declare), [], String(value));
  }
  const most = shownBy(["kind"], { kind: "String", most: "Float64" });
  const declare = (b: TopologyBuilder) =>
    b.table(products).groupBy(({ kind }) => ({ kind })).aggregate("m", { most: max((row) => row.width) }).to(most);
  assertEquals(problemsOf(declare), []);
});

Deno.test("topology() refuses a sink whose key is not the key of its table, and names the right columns", () => {
  const cases: [declare: (builder: TopologyBuilder) => void, problem: string][] = [
    [
      (b) => b.table(products).to(shownBy(["seller_id"], { id: "Int64", seller_id: "Int64" })),
      'Sink "shown" has the key (seller_id), which is not the key of its table (id). Write key: ["id"]',
    ],
    [
      (b) => b.table(lines).filter(() => true).to(shownBy(["line", "order_id"], { line: "Int64", order_id: "Int64" })),
      'Sink "shown" has the key (line, order_id), which is not the key of its table (order_id, line). Write ' +
      'key: ["order_id", "line"]',
    ],
    [
      (b) =>
        b.table(products).mapValues((row) => ({ product: row.id, seller: row.seller_id }))
          .to(shownBy(["seller"], { product: "Int64", seller: "Int64" })),
      'Sink "shown" has the key (seller), which is not the key of its table (id). Write key: ["product"]',
    ],
    [
      (b) =>
        b.table(products).mapValues((row) => ({ seller: [row.seller_id] })).to(
          shownBy(["seller"], { seller: "Int64" }),
        ),
      'Sink "shown" has the key (seller), which is not the key of its table (id). Keep id in the row, and name in ' +
      "the key the columns that hold it",
    ],
    [
      (b) =>
        b.table(products).groupBy(({ seller_id, day }) => ({ seller_id, day })).aggregate("a", { n: count() })
          .to(shownBy(["seller_id"], { seller_id: "Int64", day: "Date", n: "UInt64" })),
      'Sink "shown" has the key (seller_id), which is not the key of its table (day, seller_id). Write key: ["day", ' +
      '"seller_id"]',
    ],
  ];
  cases.push([
    (b) =>
      b.table(products).groupBy(({ day }) => ({ day, same: day })).aggregate("a", { n: count() })
        .to(shownBy(["day"], { day: "Date", same: "Date", n: "UInt64" })),
    'Sink "shown" has the key (day), which is not the key of its table (day, same). Write key: ["day", "same"]',
  ]);
  for (const [declare, problem] of cases) assertEquals(problemsOf(declare), [problem]);
});

Deno.test("topology() takes a key under other names, as a callback's key, and of a group in any order", () => {
  const declares: readonly ((builder: TopologyBuilder) => void)[] = [
    (b) => b.table(products).mapValues((row) => ({ nr: row.id })).to(shownBy(["nr"], { nr: "Int64" })),
    (b) => b.table(products).mapValues((_row, key) => ({ nr: key })).to(shownBy(["nr"], { nr: "Int64" })),
    (b) =>
      b.table(lines).mapValues((_row, key) => ({ o: key.order_id, l: key.line }))
        .to(shownBy(["o", "l"], { l: "Int64", o: "Int64" })),
    (b) =>
      b.table(products).groupBy(({ seller_id, day }) => ({ seller_id, day })).aggregate("a", { n: count() })
        .to(shownBy(["seller_id", "day"], { seller_id: "Int64", day: "Date", n: "UInt64" })),
    (b) => b.table(products).groupBy(() => null).aggregate("a", { n: count() }).to(shownBy(["x"], { x: "Int64" })),
    (b) =>
      b.table(products).mapValues((row: Untyped) => ({ id: row.tags[0].length }))
        .to(shownBy(["id"], { id: "Int64" })),
  ];
  for (const declare of declares) assertEquals(problemsOf(declare), [], String(declare));
});

Deno.test("pick() refuses a column that the row schema does not have, and names the nearest", () => {
  const picked = (column: string) => () => lines.pick(column as never);
  assertThrows(
    picked("product_ids"),
    TypeError,
    'Cannot pick column "product_ids" of "lines": its row schema has order_id, line, product_id, quantity. Did you ' +
      'mean "product_id"?',
  );
  assertThrows(picked("constructor"), TypeError, "Add it to z.object({...})");
  assertEquals(Object.keys(lines.pick("quantity").spec.row.shape), ["order_id", "line", "quantity"]);
});
