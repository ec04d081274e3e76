import { assertEquals, assertStringIncludes } from "@std/assert";
import { clickhouse, clickhouseAppend, type ClickHouseOptions } from "../../src/mod.ts";
import { appendStorageProblems, shareStorageProblems, sinkStorageProblems } from "../../src/plan/storage_problems.ts";
import { deletingElements, elementsOf } from "../../src/record/table_storage.ts";

const columns = {
  id: "Int64",
  seller_id: "Int64",
  placed_at: "DateTime64(6)",
  name: "String",
  amount: "Decimal(18, 2)",
};
type Options = Partial<ClickHouseOptions<typeof columns>>;

const problemsOf = (options: Options) =>
  sinkStorageProblems(clickhouse("sales", { key: ["seller_id", "placed_at", "id"], columns, ...options }).spec);

Deno.test("sinkStorageProblems() takes what shows the same rows", async (t) => {
  const cases: readonly Options[] = [
    {},
    { partitionBy: "toYYYYMM(placed_at)" },
    { partitionBy: "(toYear(`placed_at`), seller_id % 4)" },
    { partitionBy: "if(seller_id = 1, 'name', 'amount')" },
    { orderBy: ["placed_at", "id", "seller_id"] },
    { ttl: "placed_at + INTERVAL 3 MONTH TO VOLUME 'cold', placed_at + toIntervalYear(1) recompress codec(ZSTD(12))" },
    { ttl: "placed_at + INTERVAL 1 DAY TO DISK IF EXISTS 'DELETE, x'" },
    { codecs: { placed_at: "DoubleDelta, ZSTD(3)", amount: "T64", name: "NONE" } },
    { projections: { by_name: "SELECT name, sum(amount) GROUP BY name" } },
    { settings: { index_granularity: 4096, ttl_only_drop_parts: true, storage_policy: "tiered" } },
  ];
  for (const options of cases) await t.step(JSON.stringify(options), () => assertEquals(problemsOf(options), []));
});

Deno.test("sinkStorageProblems() refuses what would show other rows, with the reason", async (t) => {
  const cases: readonly (readonly [options: Options, said: string])[] = [
    [{ partitionBy: "name" }, 'partitioned by "name", which is not part of its key'],
    [{ partitionBy: "(seller_id, `amount`)" }, "replaces a row within its partition only"],
    [{ partitionBy: 'lower("name")' }, 'indexes: { name: "minmax" }'],
    [{ orderBy: ["seller_id", "placed_at"] }, "must be those of the key"],
    [{ orderBy: ["seller_id", "placed_at", "id", "name"] }, "must be those of the key"],
    [{ ttl: "placed_at + INTERVAL 1 YEAR" }, "expireAfter()"],
    [{ ttl: "placed_at + INTERVAL 1 YEAR DELETE WHERE name = ' TO DISK '" }, "DELETE WHERE"],
    [{ ttl: "placed_at TO DISK 'a', placed_at + INTERVAL 1 YEAR DELETE" }, '"placed_at + INTERVAL 1 YEAR DELETE"'],
    [{ ttl: "placed_at GROUP BY seller_id SET amount = sum(amount)" }, "GROUP BY"],
    [{ codecs: { amount: "Delta, SZ3('ALGO', 'REL', 0.01)" } }, "give back every bit"],
    [{ codecs: { amount: "t64" } }, 'codec "t64"'],
    [{ projections: { "a b": "SELECT id" } }, "Name it with letters"],
    [{ settings: { clean_deleted_rows: "Always" } }, "deno task cleanup"],
    [{ settings: { non_replicated_deduplication_window: 5 } }, "how many inserts"],
    [{ settings: { "a = 1, b": 5 } }, "Name a setting of MergeTree"],
  ];
  for (const [options, said] of cases) {
    await t.step(JSON.stringify(options), () => {
      const problems = problemsOf(options);
      assertEquals(problems.length, 1, problems.join("\n"));
      assertStringIncludes(problems[0], said);
    });
  }
});

Deno.test("shareStorageProblems() refuses codecs of totals", () => {
  const { spec } = clickhouse("sales", { key: ["id"], columns, codecs: { id: "Delta", amount: "T64" } });
  assertStringIncludes(shareStorageProblems(spec).join("\n"), 'codecs for the total "amount"');
  assertEquals(shareStorageProblems(spec).length, 1);
});

Deno.test("appendStorageProblems() leaves partitions and TTL to the declaration", () => {
  const options = { columns, orderBy: ["id"], partitionBy: "name", ttl: "placed_at", codecs: { id: "Delta" } } as const;
  assertEquals(appendStorageProblems(clickhouseAppend("e", options).spec), []);
  const wrong = clickhouseAppend("e", { ...options, codecs: { id: "Lossy" } }).spec;
  assertStringIncludes(appendStorageProblems(wrong)[0], 'codec "Lossy"');
});

Deno.test("elementsOf() divides at commas outside of brackets and quotes", () => {
  assertEquals(elementsOf("a, f(b, [c, d]), 'x, ''y, ', `p,q`, \"r,\\\",s\""), [
    ...["a", "f(b, [c, d])", "'x, ''y, '", "`p,q`", '"r,\\",s"'],
  ]);
  assertEquals(deletingElements("at TO DISK 'x', b DELETE"), ["b DELETE"]);
});
