import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, count, debezium, events, int8, topic, topology } from "../../src/mod.ts";
import { computeAppends, computeOutputs } from "../../src/oracle/append_oracle.ts";

const left = events("shop.left", { row: z.object({ id: int8() }) });
const right = events("shop.right", { row: z.object({ id: int8() }) });
const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8() }) });
const sink = (name: string) => clickhouseAppend(name, { columns: { id: "Int64" }, orderBy: ["id"] });

Deno.test("computeAppends() leaves sinks alone whose rows depend on the order of several partitions", () => {
  const all = topology("all", (builder) => {
    const stream = builder.stream(left);
    stream.to(sink("plain"));
    stream.join("global", builder.globalTable(users), ({ id }) => id).to(sink("global"));
    stream.join("table", builder.table(users), ({ id }) => id).to(sink("table"));
    stream.join("right", builder.stream(right), {
      on: [({ id }) => ({ id }), ({ id }) => ({ id })],
      within: { minutes: 1 },
    }).to(sink("joined"));
    stream.process("processed", { on: ({ id }) => ({ id }), process: (event) => [event] }).to(sink("processed"));
    const totals = stream.groupBy(({ id }) => ({ id })).aggregate("totals", { events: count() });
    builder.toStream(totals).flatMapValues((row) => row === null ? [] : [row]).to(sink("totals"));
  });
  const metadata = { topic: "shop.left", partition: 0, offset: 0, timestampUs: 0, headers: {} };
  const read = (topic: string) => topic === "shop.left" ? [{ key: null, value: { id: 1 }, metadata }] : [];
  const computed = [...computeAppends(all, read)].map(([name, rows]) => [name, rows?.map(({ row }) => row.id) ?? null]);
  assertEquals(Object.fromEntries(computed), {
    plain: [1],
    global: null,
    table: null,
    joined: null,
    processed: null,
    totals: null,
  });
});

Deno.test("computeOutputs() has the events of each topic, and leaves those alone that depend on others", () => {
  const all = topology("all", (builder) => {
    const stream = builder.stream(left);
    stream.flatMap(({ id }, key) => [[`${key}`, { id }], [`${key}!`, { id: Number(id) + 1 }]] as const).to(
      topic("twice", {}),
    );
    stream.filter(({ id }) => id > 1).to(topic("none", {}));
    stream.repartition("moved").to(topic("moved", {}));
  });
  const metadata = { topic: "shop.left", partition: 0, offset: 0, timestampUs: 0, headers: {} };
  const computed = [...computeOutputs(all, () => [{ key: "k", value: { id: 1 }, metadata }])];
  assertEquals(
    computed.map((
      [{ name }, events],
    ) => [name, events?.map(({ key, value }) => `${key} ${(value as { id: number }).id}`)]),
    [["twice", ["k 1", "k! 2"]], ["none", []], ["moved", undefined]],
  );
});
