import { assertEquals } from "@std/assert";
import { z } from "zod";
import { count, debezium, int8, topic, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type OutputTestRecord } from "../../src/testing/mod.ts";

const users = debezium("shop.public.users", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
/** The topic as others see it, so that a test can write to it. */
const others = debezium("shop.users", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const shown = topic("shop.users", { partitions: 1 });
const app = topology("app", (builder) => builder.table(users).to(shown));

const open = () => createTopologyTestDriver(app, { partitions: { users: 2, "shop.users": 1 } });
const lines = (records: readonly OutputTestRecord[]) =>
  records.map(({ key, value }) =>
    `${(key as { id: number }).id} ${(value as { name: string } | null)?.name ?? "none"}`
  );
const late = (id: number, [name, mark]: readonly [string | null, string]) => ({
  key: `{"id":${id}}`,
  value: name === null ? null : JSON.stringify({ id, name }),
  headers: { "weir-row": `${mark}/${id}` },
  partition: 0,
});

Deno.test("an owner answers what a dead incarnation writes late to its topic, with the truth", async () => {
  await using driver = open();
  driver.insert(users, { id: 1, name: "ann" });
  driver.insert(users, { id: 2, name: "bob" });
  await driver.settle();
  const [{ headers }] = await driver.output(shown);
  const [task, epoch] = headers["weir-row"]!.split("/");
  driver.raw(others, late(1, ["old", "users-0/1/5"]));
  driver.raw(others, late(1, ["ann", "users-0/1/5"]));
  driver.raw(others, late(2, [null, "users-1/1/6"]));
  driver.raw(others, late(3, ["gone", `${task}/${Number(epoch) - 1}/6`]));
  await driver.advance(3_000);
  const all = lines(await driver.output(shown));
  assertEquals(all.slice(2, 6), ["1 old", "1 ann", "2 none", "3 gone"]);
  assertEquals(all.slice(6).sort(), ["1 ann", "2 bob", "3 none"], "once for each key");
  const before = await driver.output(shown);
  const answer = before.slice(6).find(({ key }) => (key as { id: number }).id === 1)!;
  driver.raw(others, { ...late(1, ["ann", ""]), headers: answer.headers });
  await driver.advance(3_000);
  assertEquals((await driver.output(shown)).length, before.length + 1, "a repeat of what is true is not answered");
});

Deno.test("a record of an epoch that is not known yet is another owner's, and not answered", async () => {
  await using driver = open();
  driver.insert(users, { id: 1, name: "ann" });
  await driver.settle();
  const [{ headers }] = await driver.output(shown);
  const [task, epoch] = headers["weir-row"]!.split("/");
  driver.raw(others, late(1, ["newer", `${task}/${Number(epoch) + 9}/1`]));
  await driver.advance(3_000);
  assertEquals(lines(await driver.output(shown)), ["1 ann", "1 newer"]);
});

Deno.test("a record without a mark is found by the comparison, and rows of its key are written again", async () => {
  await using driver = open();
  driver.insert(users, { id: 1, name: "ann" });
  await driver.settle();
  driver.raw(others, { key: '{"id":1}', value: '{"id":1,"name":"eve"}', partition: 0 });
  driver.raw(others, { key: '{"id":9}', value: '{"id":9,"name":"eve"}', partition: 0 });
  await driver.advance(10_000);
  assertEquals(lines(await driver.output(shown)), ["1 ann", "1 eve", "9 eve", "1 ann"]);
});

Deno.test("rows that tasks which no longer exist wrote to a topic are taken over, or taken back", async () => {
  const grouped = topology(
    "app",
    (builder) =>
      builder.table(users).groupBy(({ name }) => ({ name })).aggregate("names", { n: count() })
        .to(topic("shop.names", { key: z.object({ name: z.string() }), partitions: 1 })),
  );
  await using driver = createTopologyTestDriver(grouped, { partitions: 2 });
  for (const id of [1, 2, 3]) driver.insert(users, { id, name: `n${id % 2}` });
  await driver.settle();
  const names = topic("shop.names", { key: "json" });
  assertEquals((await driver.output(names)).length, 2);
  const renamed = topology(
    "app",
    (builder) =>
      builder.table(users).filter(({ id }) => id !== 2).groupBy(({ name }) => ({ name }))
        .aggregate("other-names", { n: count() })
        .to(topic("shop.names", { key: z.object({ name: z.string() }), partitions: 1 })),
  );
  await driver.restart({ topology: renamed, options: { generation: 2 } });
  const written = (await driver.output(names)).slice(2);
  assertEquals(written.map(({ key, value }) => [key, value]).sort(), [
    [{ name: "n0" }, null],
    [{ name: "n1" }, { name: "n1", n: 2 }],
  ]);
});
