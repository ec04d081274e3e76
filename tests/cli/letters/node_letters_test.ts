import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { planGraph } from "../../../src/cli/api/plan_graph.ts";
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
} from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import { describe } from "../../../src/plan/describe.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const row = z.object({ id: int8(), what: z.string(), at: int8() });
const things = debezium("shop.things", { key: ["id"], row });
const others = debezium("shop.others", { key: ["id"], row });
const clicks = events("shop.clicks", { row });
const looks = events("shop.looks", { row });

const columns = { id: "Int64", what: "Enum8('fine' = 1)" } as const;
const totals = { id: "Int64", things: "Int64" } as const;
const shownIn = (name: string) => clickhouse(name, { key: ["id"], columns });
const addedTo = (name: string) => clickhouseAppend(name, { columns, orderBy: ["id"] });

/** Throws at the operator that is named in the row. */
function at(name: string, { what }: { readonly what: string }): void {
  if (what === name) throw new RangeError(`not here: ${name}`);
}

/** The row, with a text that every sink takes. */
const fine = ({ id }: { readonly id: number | bigint }) => ({ id, what: "fine" }) as never;

const tables = topology("tables", (builder) => {
  const table = builder.table(things);
  const global = builder.globalTable(others);
  table.to(shownIn("things") as never);
  table.mapValues((one) => ({ ...one, odd: one.what === "topic" ? Symbol("odd") : 1 }))
    .to(topic("shop.rows", { row: z.object({ id: int8(), odd: z.any() }) }) as never);
  table.filter((one) => (at("filter", one), true)).mapValues(fine).to(shownIn("filtered"));
  table.mapValues((one) => (at("mapValues", one), fine(one))).to(shownIn("mapped"));
  table.expireAfter((one) => (at("expireAfter", one), null), { days: 1 }).mapValues(fine).to(shownIn("young"));
  table.join("other", global, (one) => (at("join", one), one.id)).mapValues(fine).to(shownIn("joined"));
  table.selectKey("moved", (one) => (at("selectKey", one), { id: one.id })).mapValues(fine).to(shownIn("rekeyed"));
  table.flatMapValues("parts", { position: "part", max: 2 }, (one) => (at("flatMapValues", one), [{ a: 1 }]))
    .to(clickhouse("lines", { key: ["id", "part"], columns: { id: "Int64", part: "Int64" } }) as never);
  table.groupBy((one) => (at("groupBy", one), { id: one.id })).aggregate("totals", { things: count() })
    .to(clickhouse("totals", { key: ["id"], columns: totals }) as never);
});

const streams = topology("streams", (builder) => {
  const stream = builder.stream(clicks);
  const table = builder.globalTable(others);
  stream.to(addedTo("clicks") as never);
  stream.mapValues(({ what }) => what === "topic" ? "\ud800" : what).to(
    topic("shop.texts", { value: "text" }) as never,
  );
  stream.filter((one) => (at("filter", one), true)).mapValues(fine).to(addedTo("filtered"));
  stream.map((one, key) => (at("map", one), [key, fine(one)])).to(addedTo("mapped"));
  stream.peek((one) => at("peek", one)).mapValues(fine).to(addedTo("peeked"));
  stream.join("other", table, (one) => (at("globalJoin", one), one.id)).mapValues(fine).to(addedTo("joined"));
  stream.groupBy((one) => (at("groupBy", one), { id: one.id })).aggregate("counted", { things: count() })
    .to(clickhouse("shown", { key: ["id"], columns: totals }) as never);
  stream.process("processed", {
    on: ({ id }) => ({ id }),
    process: (one) => (at("process", one), [fine(one)]),
  }).to(addedTo("processed"));
  stream.join("look", builder.stream(looks), {
    on: [(one) => (at("streamJoin", one), { id: one.id }), ({ id }) => ({ id })],
    within: { minutes: 1 },
  }).mapValues(fine).to(addedTo("looked"));
});

/** Kinds of nodes that letters are of, and their operator: each letter is of one, and each node with errors has one. */
async function failedAt(topology: Topology, write: (driver: ReturnType<typeof createTopologyTestDriver>) => void) {
  await using driver = createTopologyTestDriver(topology, { partitions: 1 });
  write(driver);
  await driver.settle();
  const { nodes } = planGraph(describe(compile(topology), topology), topology);
  const letters = driver.deadLetters();
  const failing = new Set(driver.operators().filter(({ passed }) => (passed.errors ?? 0) > 0).map(({ node }) => node));
  const known = nodes.filter(({ letters: operator }) => letters.some((letter) => letter.operator === operator));
  assertEquals(letters.filter(({ operator }) => !nodes.some((node) => node.letters === operator)), []);
  for (const { id, label } of nodes) {
    if (failing.has(id)) assert(known.some((node) => node.id === id), `"${label}" has errors, and no letter is of it`);
  }
  return [...new Set(known.map(({ kind, letters }) => `${kind} ${letters}`))].sort();
}

Deno.test("planGraph() tells by which operator the letters of each node of tables are known", async () => {
  const words = ["topic", "filter", "mapValues", "expireAfter", "join", "selectKey", "flatMapValues", "groupBy"];
  const found = await failedAt(tables, (driver) => {
    for (const [index, what] of words.entries()) driver.insert(things, { id: index as never, what, at: 1 as never });
    for (const source of [things, others]) driver.raw(source, { key: '{"id":77}', value: '{"id":"seventy"}' });
  });
  assertEquals(found, [
    "global shop.others",
    ...["moved", "parts", "things.expireAfter", "things.filter", "things.mapValues", "things.other", "totals"]
      .map((name) => `operator ${name}`),
    "output sink topic shop.rows",
    "sink sink things",
    "source shop.things",
  ]);
});

Deno.test("planGraph() tells by which operator the letters of each node of streams are known", async () => {
  const words = ["topic", "filter", "map", "peek", "globalJoin", "groupBy", "process", "streamJoin"];
  const found = await failedAt(streams, (driver) => {
    for (const [index, what] of words.entries()) {
      driver.send(clicks, { value: JSON.stringify({ id: index, what, at: 1 }) });
    }
    driver.send(clicks, { value: '{"id":"seventy"}' });
  });
  assertEquals(found, [
    ...["clicks.filter", "clicks.map", "clicks.other", "clicks.peek", "counted"].map((name) => `operator ${name}`),
    "output shop.texts",
    "sink sink clicks",
    ...["clicks.look", "counted", "processed"].map((name) => `stage ${name}`),
    "stream shop.clicks",
  ]);
});
