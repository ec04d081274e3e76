import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  count,
  debezium,
  events,
  int8,
  topic,
  type Topology,
  topology,
  TopologyError,
} from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeMermaid } from "../../src/plan/describe_mermaid.ts";
import { describeText } from "../../src/plan/describe_text.ts";
import cartAbandonment from "../../topologies/cart_abandonment.ts";
import fraudSignals from "../../topologies/fraud_signals.ts";
import mirror from "../../topologies/mirror.ts";
import orderFunnel from "../../topologies/order_funnel.ts";
import productPerformance from "../../topologies/product_performance.ts";
import sales from "../../topologies/sales.ts";

/** Set to write the golden files anew: a change of one is a change of what runs, and its commit says so. */
const UPDATE = Deno.env.get("WEIR_UPDATE_GOLDEN") === "1";

async function assertGolden(name: string, text: string): Promise<void> {
  const path = new URL(`./golden/${name}`, import.meta.url);
  if (UPDATE) await Deno.writeTextFile(path, text);
  assertEquals(text, await Deno.readTextFile(path), `${name}; WEIR_UPDATE_GOLDEN=1 writes it anew`);
}

for (const flagship of [cartAbandonment, fraudSignals, mirror, orderFunnel, productPerformance, sales]) {
  Deno.test(`describe() gives "${flagship.name}" as its golden files have it`, async () => {
    const description = describe(compile(flagship), flagship);
    await assertGolden(`${flagship.name}.txt`, describeText(description));
    await assertGolden(`${flagship.name}.mermaid.txt`, describeMermaid(description));
  });
}

const source = (name: string) =>
  debezium(`t.public.${name}`, { key: ["id"], row: z.object({ id: int8(), other: int8().nullable() }) });

function described(declared: Topology) {
  return describe(compile(declared), declared);
}

const out = clickhouse("out", { key: ["id"], columns: { id: "Int64" } });

Deno.test("describe() is plain JSON", () => {
  const description = described(sales);
  assertEquals(JSON.parse(JSON.stringify(description)), description);
});

Deno.test("describe() tells subscribed, replicated and copartitioned joins apart", () => {
  const description = described(topology("joins", (builder) => {
    builder.table(source("a"))
      .leftJoin("b", builder.table(source("b")), (row) => row.other)
      .leftJoin("g", builder.globalTable(source("g")), (row) => row.other)
      .join("c", builder.table(source("c")))
      .to(out);
  }));
  const joins = description.operators.filter((operator) => operator.partner !== undefined);
  assertEquals(joins.map(({ name, kind, partner }) => [name, kind, partner]), [
    ["a.b", "left", "subscribed"],
    ["a.g", "left", "replicated"],
    ["a.c", "inner", "copartitioned"],
  ]);
});

Deno.test("describe() shows where totals are merged that are used further, and what that costs", () => {
  const description = described(topology("merge", (builder) => {
    builder.table(source("a")).groupBy((row) => row.other === null ? null : { other: row.other })
      .aggregate("per-other", { rows: count() })
      .filter((total) => total.rows > 1)
      .filterNot((total) => total.other === 7)
      .to(clickhouse("totals", { key: ["other"], columns: { other: "Int64", rows: "UInt64" } }));
  }));
  assertEquals(description.tasks.map(({ table, roles, reads }) => [table, roles, reads]), [
    ["a", ["home"], ["t.public.a"]],
    ["per-other", ["merge", "home"], ["shares of per-other"]],
  ]);
  assertEquals(description.costs, [{
    source: "a",
    messages: ["per-other: 1 share for each group that it leaves or enters"],
    writes: ["totals: 1 row for each total of per-other that changes"],
  }]);
  assertEquals(description.operators.map(({ op, runsAt }) => [op, runsAt]), [
    ["source", "tasks of a"],
    ["aggregate", "tasks of a"],
    ["filter", "tasks of per-other"],
    ["filterNot", "tasks of per-other"],
    ["sink", "tasks of per-other"],
  ]);
});

Deno.test("describe() shows until when rows are there, and what that keeps", () => {
  const young = clickhouse("young", { key: ["id"], columns: { id: "Int64" } });
  const plain = described(topology("ages", (builder) => builder.table(source("a")).to(young)));
  const description = described(topology("ages", (builder) =>
    builder.table(source("a"))
      .expireAfter("other", { days: 30 })
      .expireAfter((row) => row.other, { hours: 1, minutes: 30 })
      .to(young)));
  assertEquals(description.operators.map(({ op, expires }) => [op, expires]), [
    ["source", undefined],
    ["expireAfter", "other + 30 d"],
    ["expireAfter", "row time + 90 min"],
    ["sink", undefined],
  ]);
  assertStringIncludes(
    describeText(description),
    "1 a.expireAfter: expireAfter of 0 a, until other + 30 d; at tasks of a",
  );
  assertStringIncludes(describeMermaid(description), 'op1["a.expireAfter<br/>expireAfter<br/>until other + 30 d"]');
  const bytes = (of: typeof description) => of.tasks[0].stores[0].bytesPerEntry;
  assertEquals(bytes(description) - bytes(plain), 16);
});

Deno.test("describe() follows a change through derived tables to every sink", () => {
  const description = described(topology("chain", (builder) => {
    const orders = builder.table(source("orders")).leftJoin(
      "user",
      builder.globalTable(source("users")),
      (row) => row.other,
    );
    builder.table(source("items")).leftJoin("order", orders, (row) => row.other).to(out);
  }));
  const users = description.costs.find((cost) => cost.source === "users");
  assertEquals(users, {
    source: "users",
    messages: ["items.order: 1 value to each task of items that uses a row joined by orders.user"],
    writes: ["out: 1 row for each row joined by items.order"],
  });
});

Deno.test("describeMermaid() draws every operator and every input once", () => {
  const text = describeMermaid(described(sales));
  for (const node of sales.nodes) {
    assertStringIncludes(text, `op${node.id}[`);
    if ("input" in node) assertStringIncludes(text, `op${node.input} --> op${node.id}`);
  }
  assertStringIncludes(text, "-. subscribed .->");
});

Deno.test("describe() of streams tells what records are read as, and compile() refuses one topic for two tasks", () => {
  const text = describeText(described(topology("raw", (builder) => {
    builder.stream(source("users")).forEach(() => {});
    builder.stream(events("shop.bytes", { bytes: true, key: "bytes" })).forEach(() => {});
    builder.stream(events("shop.lines", { text: true, from: "latest" })).forEach(() => {});
  })));
  assertStringIncludes(text, "key primary key; changes of columns id");
  assertStringIncludes(text, "key bytes; bytes; begins at the earliest");
  assertStringIncludes(text, "key text; texts; begins at the latest");
  const both = topology("both", (builder) => {
    builder.stream(source("users")).forEach(() => {});
    builder.stream(events("shop.clicks", { row: z.object({ user_id: int8() }) }))
      .join("user", builder.table(source("users")), ({ user_id }) => user_id).forEach(() => {});
  });
  assertThrows(() => compile(both), TopologyError, "as a stream and join streams with its table");
});

Deno.test("describe() tells which topics get which events, also behind a stage", () => {
  const description = described(topology("out", (builder) => {
    const stream = builder.stream(events("shop.clicks", { row: z.object({ user_id: int8() }) }));
    stream.filter(() => true).to(topic("shop.kept", { row: z.object({ user_id: int8() }) }));
    stream.repartition("by_key").to(topic("shop.moved", { key: "json" }));
  }));
  const text = describeText(description);
  assertStringIncludes(text, "shop.kept has the events of clicks.filter");
  assertStringIncludes(text, "key text; columns user_id");
  assertStringIncludes(text, "shop.moved has the events of by_key");
  assertStringIncludes(text, "key json; json");
  const mermaid = describeMermaid(description);
  for (const line of ['output0[("shop.kept")]', "ev0_1 --> output0", 'output1[("shop.moved")]', "ev1_3 --> output1"]) {
    assertStringIncludes(mermaid, line);
  }
});

Deno.test("describe() of streams: what events go through, which table a join looks up, where rows are added", () => {
  const clicks = (name: string) => events(`shop.${name}`, { row: z.object({ user_id: int8(), url: z.string() }) });
  const visits = clickhouseAppend("visits", { columns: { url: "String" }, orderBy: ["url"] });
  const description = described(topology("visits", (builder) => {
    const web = builder.stream(clicks("web")).filter(({ url }) => url !== "/health");
    const users = builder.globalTable(source("users"));
    web.merge(builder.stream(clicks("app"))).leftJoin("user", users, ({ user_id }) => user_id)
      .mapValues(({ url }) => ({ url })).to(visits);
  }));
  const lines = describeText(description).split("\n").map((line) => line.trim());
  for (
    const line of [
      "web from shop.web",
      "web.filter: filter of web",
      "web.merge: merge of web.filter",
      "web.merge: merge of app",
      "web.user: left globalJoin of web.merge with 0 users",
    ]
  ) assertStringIncludes(lines.join("\n"), line);
  assertEquals(
    describeMermaid(description).split("\n").filter((line) => /^ {2}(events|ev|op|table)[0-9]/.test(line))
      .map((line) => line.trim()),
    [
      'table0[("visits<br/>ClickHouse")]',
      'events0[("shop.web")] --> ev0_0',
      "ev0_0 --> ev0_1",
      "ev0_1 --> ev0_3",
      "ev0_3 --> ev0_4",
      "op0 -- replicated --> ev0_4",
      "ev0_4 --> ev0_5",
      "ev0_5 --> table0",
      'events1[("shop.app")] --> ev1_2',
      "ev1_2 --> ev1_3",
      "ev1_3 --> ev1_4",
      "op0 -- replicated --> ev1_4",
      "ev1_4 --> ev1_5",
      "ev1_5 --> table0",
    ],
  );
});
