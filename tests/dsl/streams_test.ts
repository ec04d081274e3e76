import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  debezium,
  events,
  int8,
  type KStream,
  topology,
  type TopologyBuilder,
} from "../../src/mod.ts";

const clicks = events("shop.clickstream", { row: z.object({ user_id: int8(), url: z.string() }) });
const lines = events("shop.lines", { text: true, name: "log_lines", from: "latest" });
const products = debezium("shop.products", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const views = clickhouseAppend("views", {
  columns: { user_id: "Int64", url: "String" },
  orderBy: ["user_id"],
  partitionBy: "intDiv(user_id, 1000)",
});

function problemsOf(declare: (builder: TopologyBuilder) => void): readonly string[] {
  return (assertThrows(() => topology("t", declare)) as Error & { problems: string[] }).problems;
}

Deno.test("builder.stream() makes nodes of streams, each declaration once, operators named after the source", () => {
  const { nodes, streams } = topology("t", (builder) => {
    const all = builder.stream(clicks);
    const { long, rest } = all.split({ long: ({ url }) => url.length > 10 });
    long.filterNot(({ user_id }) => user_id === 0).merge(rest).to(views);
    builder.stream(clicks).leftJoin("product", builder.globalTable(products), (click) => click.user_id).forEach(
      () => {},
    );
    builder.stream(lines).peek(() => {}).forEach(() => {});
  });
  assertEquals(nodes.map(({ name }) => name), ["products"]);
  assertEquals(streams.map(({ id, op, name }) => `${id} ${op} ${name}`), [
    "0 events clickstream",
    "1 branch clickstream.long",
    "2 branch clickstream.rest",
    "3 filter clickstream.filter",
    "4 merge clickstream.merge",
    "5 append views",
    "6 globalJoin clickstream.product",
    "7 peek clickstream.peek",
    "8 events log_lines",
    "9 peek log_lines.peek",
    "10 peek log_lines.peek",
  ]);
});

Deno.test("topology() refuses a sink that is named as another one's table of rows", () => {
  const add = (name: string) => clickhouseAppend(name, { columns: { user_id: "Int64" }, orderBy: ["user_id"] });
  const change = clickhouse("products", { key: ["id"], columns: { id: "Int64" } });
  const problems = problemsOf((builder) => {
    builder.stream(clicks).to(add("clicks_rows"));
    builder.stream(clicks).to(add("clicks"));
    builder.stream(clicks).to(add("products_rows"));
    builder.table(products).to(change);
  });
  assertEquals(problems, [
    'Two sinks clash: the rows of sink "products" are in table "products_rows", as which another is named. Rename one',
    'Two sinks clash: the rows of sink "clicks" are in table "clicks_rows", as which another is named. Rename one',
  ]);
});

Deno.test("topology() tells all that is wrong with its streams", () => {
  assertEquals(
    problemsOf((builder) => {
      builder.stream(clicks).to(
        clickhouseAppend("bad name", { columns: { url: "Sting" as "String" }, orderBy: ["url"] }),
      );
      const again = events("shop.clickstream", { text: true });
      builder.stream(again).mapValues((text) => ({ text })).to(
        clickhouseAppend("texts", { columns: { text: "String" }, orderBy: ["at" as never] }),
      );
    }).map((problem) => problem.slice(0, 60)),
    [
      'Topic "shop.clickstream" is declared twice as a stream, or tw',
      'Cannot use "bad name" as a ClickHouse table: use letters, dig',
      'Column "url" of sink "bad name": Cannot use "Sting" as a typ',
      'Column "at" by which sink "texts" is sorted is not among its',
    ].map((problem) => problem.slice(0, 60)),
  );
  assertEquals(problemsOf((builder) => void builder.stream(clicks).mapValues(() => 1)).length, 1);
  assertEquals(
    problemsOf((builder) => {
      builder.stream(clicks).to(views);
      builder.stream(clicks).to(views);
    }),
    ['Two operators are named "sink views". Write each ClickHouse table from one place only; merge() the streams'],
  );
});

Deno.test("streams of two topologies cannot be merged or joined, nor a branch be called rest", () => {
  let other!: KStream<string | null, { user_id: number | bigint; url: string }>;
  topology("other", (builder) => (other = builder.stream(clicks)).to(views));
  topology("t", (builder) => {
    const stream = builder.stream(clicks);
    assertThrows(() => stream.merge(other), TypeError, "two topologies");
    assertThrows(() => stream.split({ rest: () => true }), TypeError, 'Cannot name a branch "rest"');
    assertThrows(() => other.filter(() => true), TypeError, "already built");
    stream.to(views);
  });
});

Deno.test("builder.stream() of a Debezium topic is one stream for each declaration with the same options", () => {
  const { streams } = topology("t", (builder) => {
    for (let time = 0; time < 2; time++) {
      builder.stream(products).forEach(() => {});
      builder.table(products);
    }
  });
  assertEquals(streams.map(({ id, op, name }) => `${id} ${op} ${name}`), [
    "0 events products",
    "1 peek products.peek",
    "2 peek products.peek",
  ]);
  const twice = problemsOf((builder) => {
    builder.stream(products).forEach(() => {});
    builder.stream(products, { replicaIdentity: "full" }).forEach(() => {});
  });
  assertEquals(twice.map((problem) => problem.slice(0, 60)), [
    'Topic "shop.products" is declared twice as a stream, or two of'.slice(0, 60),
  ]);
});
