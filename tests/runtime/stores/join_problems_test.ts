import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, debezium, events, int8, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const items = debezium("shop.public.items", {
  key: ["id"],
  row: z.object({ id: int8(), product: z.string().nullable() }),
});
const products = debezium("shop.public.products", { key: ["code"], row: z.object({ code: z.string() }) });
const sink = clickhouse("out", { key: ["id"], columns: { id: "Int64", product: "Nullable(String)" } });

// The kind of the join decides about its types.
// deno-lint-ignore no-explicit-any
type Untyped = any;

/** Items with their products, which are on other tasks, or on all. */
function joined({ global, kind }: { readonly global: boolean; readonly kind: "join" | "leftJoin" }) {
  return topology("t", (builder) => {
    const left: Untyped = builder.table(items);
    left[kind]("found", global ? builder.globalTable(products) : builder.table(products), (row: Untyped) => row.product)
      .mapValues(({ id, product }: Untyped) => ({ id, product })).to(sink);
  });
}

for (const global of [true, false]) {
  const how = global ? "global" : "told by other tasks";
  Deno.test(`a join that finds no partner is a problem, in words with keys of both sides, ${how}`, async () => {
    await using driver = createTopologyTestDriver(joined({ global, kind: "join" }), { partitions: 2 });
    for (let id = 0; id < 20; id++) driver.insert(products, { code: `P-${id}` });
    for (let id = 0; id < 99; id++) driver.insert(items, { id, product: `p-${id % 20}` });
    await driver.advance(11_000);
    assertEquals(driver.problems(), [], "too few rows to say so");
    driver.insert(items, { id: 99, product: "p-3" });
    await driver.advance(11_000);
    const [problem, ...others] = driver.problems();
    assertEquals(others, []);
    assert(problem.startsWith('Of 100 rows of "items" 0 found a partner in "products" (join "items.found")'), problem);
    assert(/keys of "products" are text, e\.g\. "P-\d+"/.test(problem), problem);
    assert(/those looked for are text, e\.g\. "p-\d+"/.test(problem), problem);
    assert(problem.includes("They would be found in upper case"), problem);
    // One that finds its partner is enough, where no share is asked for.
    driver.update(items, { id: 7, product: "P-7" });
    await driver.advance(11_000);
    assertEquals(driver.problems(), []);
    await driver.restart({ options: { joinShareMin: 0.5, consoleRows: false } });
    await driver.advance(11_000);
    const [hidden] = driver.problems();
    assert(hidden.startsWith('Of 100 rows of "items" 1 found a partner') && !hidden.includes("P-"), hidden);
  });
}

Deno.test("a join with an empty table is a problem only where rows get lost by it", async () => {
  for (const kind of ["leftJoin", "join"] as const) {
    await using driver = createTopologyTestDriver(joined({ global: true, kind }), { partitions: 2 });
    for (let id = 0; id < 150; id++) driver.insert(items, { id, product: `p-${id}` });
    // Null is no key that could be found.
    driver.insert(items, { id: 150, product: null });
    await driver.advance(11_000);
    const [problem = ""] = driver.problems();
    assertEquals(problem.includes('Of 150 rows of "items" 0') && problem.includes("has no rows"), kind === "join");
  }
});

const clicks = events("clicks", { row: z.object({ product: z.string() }) });
const seen = clickhouseAppend("seen", { columns: { product: "String" }, orderBy: ["product"] });

for (const global of [true, false]) {
  const where = global ? "a global table" : "a table";
  Deno.test(`a stream whose events find no row in ${where} is a problem, too`, async () => {
    const streamed = topology("t", (builder) => {
      const stream: Untyped = builder.stream(clicks);
      const right = global ? builder.globalTable(products) : builder.table(products);
      stream.leftJoin("found", right, (row: Untyped) => row.product)
        .mapValues(({ product }: Untyped) => ({ product })).to(seen);
    });
    await using driver = createTopologyTestDriver(streamed, { partitions: 2 });
    driver.insert(products, { code: "P-1" });
    await driver.settle();
    for (let n = 0; n < 120; n++) driver.send(clicks, { key: String(n), value: { product: `p-${n}` } });
    await driver.advance(11_000);
    const [problem = ""] = driver.problems();
    assert(
      problem.startsWith('Of 120 events of "clicks" 0 found a partner in "products" (join "clicks.found")'),
      problem,
    );
    assertEquals(problem.includes('keys of "products" are text, e.g. "P-1"'), global);
  });
}
