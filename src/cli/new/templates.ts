import { ASSERT_EQUALS } from "./imports.ts";

/** What the two files are made from. */
export interface TemplateNames {
  /** Of the topology and its file. */
  readonly name: string;
  /** Of the ClickHouse table. */
  readonly table: string;
  /** Path from the topology file to `src/mod.ts`, and from its test. */
  readonly mod: { readonly topology: string; readonly test: string };
  /** Path from the topology file to the online store's sources. */
  readonly sources: string;
  /** Path from the test to the topology file. */
  readonly topology: string;
  /** Path from the test to `src/testing/mod.ts`. */
  readonly testing: string;
}

/** A topology that runs as it is: totals over a filtered table, into a ClickHouse table of its own. */
export function topologyText({ name, table, mod, sources }: TemplateNames): string {
  return `import { clickhouse, count, sum, topology } from "${mod.topology}";
import { orders } from "${sources}";

/** The columns of \`orders\` that this topology uses; only these are read and kept. */
export const source = orders.pick("user_id", "status", "total_amount");

/** One row for each user. */
export const totals = clickhouse("${table}", {
  key: ["user_id"],
  columns: { user_id: "Int64", orders: "UInt64", spent: "Decimal(18, 2)" },
});

/** How many orders each user has placed and not cancelled, and what they are worth. */
export default topology("${name}", (builder) => {
  builder.table(source)
    .filter((order) => order.status !== "cancelled")
    .groupBy((order) => ({ user_id: order.user_id }))
    .aggregate("${table}-totals", { orders: count(), spent: sum((order) => order.total_amount) })
    .to(totals);
});
`;
}

/** Its test, which passes as it is. */
export function testText({ name, mod, topology, testing }: TemplateNames): string {
  return `${ASSERT_EQUALS}
import { Decimal } from "${mod.test}";
import { createTopologyTestDriver } from "${testing}";
import ${identifier(name)}, { source, totals } from "${topology}";

Deno.test("${name} adds up each user's orders and follows their changes", async () => {
  await using driver = createTopologyTestDriver(${identifier(name)});
  driver.insert(source, { id: 1, user_id: 7, status: "paid", total_amount: Decimal.parse("10.00") });
  driver.insert(source, { id: 2, user_id: 7, status: "pending", total_amount: Decimal.parse("2.50") });
  driver.insert(source, { id: 3, user_id: 8, status: "cancelled", total_amount: Decimal.parse("99.00") });
  await driver.settle();
  assertEquals(driver.select(totals), [{ user_id: 7, orders: 2, spent: "12.50" }]);

  driver.update(source, { id: 1, user_id: 8 });
  driver.delete(source, 2);
  await driver.settle();
  assertEquals(driver.select(totals), [{ user_id: 8, orders: 1, spent: "10.00" }]);
});
`;
}

/** `my-sales` as `mySalesTopology`. */
function identifier(name: string): string {
  return `${name.replaceAll(/[-_]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}Topology`;
}
