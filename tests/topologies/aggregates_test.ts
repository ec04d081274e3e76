import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  argMax,
  argMin,
  clickhouse,
  collect,
  countDistinct,
  custom,
  debezium,
  Decimal,
  int8,
  numeric,
  topN,
  topology,
} from "../../src/mod.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";

const SHOPS = ["a", "b'\\", "é"];
const NAMES = ["", "x", "X", "\u{1F600}", "\"'\\\n"];
const STEPS = 8;
const CHANGES = 25;

interface Sale {
  readonly id: number;
  readonly shop: string;
  readonly name: string | null;
  readonly price: Decimal;
}

const salesSource = debezium("shop.sales", {
  key: ["id"],
  row: z.object({ id: int8(), shop: z.string(), name: z.string().nullable(), price: numeric(12, 2) }),
});

const shops = clickhouse("shops", {
  key: ["shop"],
  columns: {
    shop: "String",
    names: "UInt64",
    cheapest: "Nullable(String)",
    dearest: "Nullable(String)",
    top: "Array(Decimal(12, 2))",
    all: "Array(Nullable(String))",
    ids: "UInt64",
  },
});

const shopTopology = topology("shops", (builder) => {
  builder.table(salesSource).groupBy(({ shop }) => ({ shop })).aggregate("shops", {
    names: countDistinct(({ name }) => name),
    cheapest: argMin(({ price }) => price, ({ name }) => name),
    dearest: argMax(({ price }) => price, ({ name }) => name),
    top: topN(3, { by: ({ price }) => price, value: ({ price }) => price }),
    all: collect(({ name }) => name, { by: ({ id }) => id, max: 500 }),
    ids: custom({
      value: ({ id }) => BigInt(id),
      empty: () => 0n,
      add: (sum, id) => sum + id,
      subtract: (sum, id) => sum - id,
      merge: (a, b) => a + b,
    }),
  }).to(shops);
});

/** What the table must show, from scratch. */
function expected(sales: Iterable<Sale>) {
  return [...Map.groupBy(sales, ({ shop }) => shop)].map(([shop, rows]) => {
    const byPrice = rows.toSorted((a, b) => a.price.compare(b.price) || compareNames(a.name, b.name));
    const [cheapest, dearest] = [byPrice[0], byPrice.at(-1)!];
    return {
      shop,
      names: new Set(rows.flatMap(({ name }) => name ?? [])).size,
      cheapest: cheapest.name,
      dearest: dearest.name,
      top: byPrice.toReversed().slice(0, 3).map(({ price }) => price.toString()),
      all: rows.toSorted((a, b) => a.id - b.id).map(({ name }) => name),
      ids: rows.reduce((sum, { id }) => sum + id, 0),
    };
  }).sort((a, b) => compareTexts(a.shop, b.shop));
}

/** Null before all texts. */
function compareNames(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compareTexts(a, b);
}

/** By code point, as UTF-8 does. */
function compareTexts(a: string, b: string): number {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    if (left[index] !== right[index]) return left[index] - right[index];
  }
  return left.length - right.length;
}

for (const warehouse of ["memory", "embedded"] as const) {
  Deno.test(`aggregates of every kind show what the rows give, over changes and restarts (${warehouse})`, async () => {
    await using driver = createTopologyTestDriver(shopTopology, { partitions: 3, warehouse });
    const random = mulberry32(7);
    const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)];
    const sales = new Map<number, Sale>();
    for (let step = 0; step < STEPS; step++) {
      for (let change = 0; change < CHANGES; change++) {
        const id = 1 + Math.floor(random() * 60);
        const price = Decimal.parse(`${Math.floor(random() * 10)}.50`);
        const row = { id, shop: pick(SHOPS), name: random() < 0.2 ? null : pick(NAMES), price };
        if (sales.has(id) && random() < 0.3) {
          driver.delete(salesSource, id);
          sales.delete(id);
          continue;
        }
        if (sales.has(id)) driver.update(salesSource, row);
        else driver.insert(salesSource, row);
        sales.set(id, row);
      }
      if (step % 3 === 2) await driver.restart();
      else await driver.settle();
      assertEquals(driver.select(shops), expected(sales.values()), `step ${step}`);
    }
    assertEquals([driver.deadLetters(), driver.problems()], [[], []]);
  });
}
