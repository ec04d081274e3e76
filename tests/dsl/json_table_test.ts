import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  count,
  debezium,
  Decimal,
  int8,
  jsonTable,
  numeric,
  sum,
  topology,
} from "../../src/mod.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { keyColumnsOf } from "../../src/dsl/key_columns.ts";
import { producerKey } from "../../src/record/producer_key.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";

const rates = jsonTable("shop.rates", {
  key: ["currency"],
  row: z.object({ currency: z.string(), rate: numeric(12, 6) }),
});
const stock = jsonTable("shop.stock", { key: ["sku"], keys: "json", row: z.object({ sku: int8(), left: z.int() }) });
const prices = jsonTable("shop.prices", {
  key: ["shop", "sku"],
  row: z.object({ shop: z.string(), sku: int8(), price: numeric(10, 2), currency: z.string() }),
});
const shops = debezium("shop.public.shops", { key: ["id"], row: z.object({ id: z.string(), city: z.string() }) });

const pricedRows = clickhouse("priced", {
  key: ["shop", "sku"],
  columns: { shop: "String", sku: "Int64", left: "Int64", city: "Nullable(String)", price: "Decimal(18, 2)" },
});
const byShop = clickhouse("by_shop", {
  key: ["shop"],
  columns: { shop: "String", items: "UInt64", value: "Decimal(38, 2)" },
});

const PRICED = topology("priced", (builder) => {
  const priced = builder.table(prices)
    .join("rate", builder.table(rates), ({ currency }) => currency)
    .join("stock", builder.table(stock), ({ sku }) => sku)
    .leftJoin("place", builder.table(shops), ({ shop }) => shop)
    .mapValues(({ shop, sku, price, rate, stock, place }) => ({
      ...{ shop, sku, left: stock.left, city: place?.city ?? null },
      price: price.times(rate.rate).rescale(2),
    }));
  priced.to(pricedRows);
  priced.groupBy(({ shop }) => ({ shop })).aggregate("by-shop", { items: count(), value: sum(({ price }) => price) })
    .to(byShop);
});

Deno.test("jsonTable() is joined, looked up in partitions, totalled, and deleted by tombstones", async () => {
  await using driver = createTopologyTestDriver(PRICED, { partitions: 3 });
  driver.insert(rates, { currency: "EUR", rate: Decimal.parse("1.000000") });
  driver.insert(rates, { currency: "GBP", rate: Decimal.parse("1.250000") });
  driver.insert(stock, { sku: 7, left: 3 });
  driver.insert(stock, { sku: 9007199254740993n, left: 1 });
  driver.insert(shops, { id: "a", city: "Bonn" });
  driver.insert(prices, { shop: "a", sku: 7, price: Decimal.parse("2.00"), currency: "EUR" });
  driver.insert(prices, { shop: "a", sku: 9007199254740993n, price: Decimal.parse("4.00"), currency: "GBP" });
  driver.insert(prices, { shop: "b 😀", sku: 7, price: Decimal.parse("1.00"), currency: "GBP" });
  const told = () => driver.select(byShop).map(({ shop, items, value }) => `${shop} ${items} ${value}`);
  await driver.settle();
  assertEquals(told().sort(), ["a 2 7.00", "b 😀 1 1.25"]);
  driver.update(rates, { currency: "GBP", rate: Decimal.parse("1.500000") });
  driver.delete(stock, 9007199254740993n);
  await driver.settle();
  assertEquals(told().sort(), ["a 1 2.00", "b 😀 1 1.50"]);
  driver.delete(rates, "GBP");
  await driver.settle();
  assertEquals(told(), ["a 1 2.00"]);
});

Deno.test("jsonTable() reads values as rows and nothing else, and takes from the key what they lack", () => {
  const { name: source, key, row, format } = rates.spec;
  const decoder = createDecoder({ source, key, row, format });
  const decode = (bytes: string | null, value: string | null) => {
    try {
      const decoded = decoder.decode({ key: bytes, value });
      return decoded.kind === "upsert" ? [decoded.key, `${decoded.row.currency} ${decoded.row.rate}`] : decoded.kind;
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };
  assertEquals(decode("EUR", '{"currency":"EUR","rate":1.5}'), ['"EUR"', "EUR 1.500000"]);
  assertEquals(decode("EUR", '{"rate":"1234"}'), ['"EUR"', "EUR 1234.000000"], "digits are no base64");
  assertEquals(decode('{"currency":"EUR"}', '{"rate":1}'), [
    '"{\\"currency\\":\\"EUR\\"}"',
    '{"currency":"EUR"} 1.000000',
  ]);
  assertEquals(decode("EUR", null), "delete");
  assertEquals(decode("EUR", '{"currency":"GBP","rate":1}'), "bad_key");
  assertEquals(decode(null, '{"currency":"GBP","rate":1}'), "null_key");
  assertEquals(decode("EUR", "null"), "not_a_row");
  assertEquals(decode("EUR", "[1]"), "not_a_row");
  assertEquals(decode("EUR", '{"op":"d","before":{},"after":null,"source":{}}'), "missing_column");
  assertEquals(decode("EUR", '{"schema":{"type":"struct"},"payload":{"rate":1}}'), "missing_column");
  assertEquals(decode("EUR", '{"rate":1,"__deleted":"true"}'), ['"EUR"', "EUR 1.000000"]);
});

Deno.test("keys of jsonTable() are written as their producer writes them", () => {
  const written = (source: typeof rates | typeof stock | typeof prices, key: string | number) =>
    producerKey(keyColumnsOf(source.spec), key);
  assertEquals(written(rates, '"EUR"'), "EUR");
  assertEquals(written(rates, '"a\\"b\\n😀"'), 'a"b\n😀');
  assertEquals(written(stock, 17), "17");
  const numbers = jsonTable("numbers", { key: ["n"], row: z.object({ n: z.int() }) });
  assertEquals(producerKey(keyColumnsOf(numbers.spec), 17), "17");
});

Deno.test("jsonTable() refuses keys of several columns that are no objects, and masks of other columns", () => {
  const row = z.object({ a: z.string(), b: z.string() });
  assertThrows(() => jsonTable("t", { key: ["a", "b"], keys: "text", row }), TypeError, "2 key columns");
  // @ts-expect-error a mask names columns of the row
  assertThrows(() => jsonTable("t", { key: ["a"], row, mask: ["c"] }), TypeError, 'mask column "c"');
  // @ts-expect-error a key column is one of the row
  jsonTable("t", { key: ["c"], row });
});

Deno.test("changes of a jsonTable() as events are rows, and deletes by tombstones", async () => {
  const told = clickhouseAppend("told", { columns: { op: "String", currency: "String" }, orderBy: ["currency"] });
  await using driver = createTopologyTestDriver(
    topology("changes", (builder) => {
      builder.stream(rates).mapValues(({ op }, key) => ({ op, currency: key!.currency })).to(told);
    }),
    { partitions: 2 },
  );
  driver.insert(rates, { currency: "EUR", rate: Decimal.parse("1.000000") });
  driver.delete(rates, "EUR");
  await driver.settle();
  assertEquals(driver.appended(told).map(({ op, currency }) => `${op} ${currency}`).sort(), ["d EUR", "u EUR"]);
});
