import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, int8, sum, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";

const row = z.object({ id: z.int(), shop: int8(), kind: z.string(), size: z.int() });
const things = debezium("t.public.things", { key: ["id"], row });
const shops = debezium("t.public.shops", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64", kind: "String", size: "UInt8" } });

/** Refuses kinds; `strict` is what is mended. */
const mapped = (refused: readonly string[]) =>
  topology("things", (builder) =>
    builder.table(things).mapValues(({ id, kind, size }) => {
      if (refused.includes(kind)) throw new RangeError(`no kind ${kind}`);
      return { id, kind, size };
    }).to(shown));

const thing = (id: number, { kind = "good", size = 1 } = {}) => ({ id, shop: 1n as never, kind, size });

const states = (driver: TopologyTestDriver) =>
  driver.deadLetters().map(({ stage, key, resolution }) => `${stage} ${key} ${resolution ?? "open"}`).sort();
const MENDED = "it was evaluated again without this error, or is gone";
const NOT_AGAIN = "a later start of the topology evaluated everything and did not meet it again";

Deno.test("a letter of a callback tells row, key by name, line of the topology and offset", async () => {
  await using driver = createTopologyTestDriver(mapped(["bad"]), { partitions: 1 });
  driver.insert(things, thing(1));
  await driver.settle();
  for (const id of [2, 3]) driver.insert(things, thing(id));
  driver.update(things, { id: 2, kind: "bad" });
  await driver.settle();
  const [letter, ...others] = driver.deadLetters();
  assertEquals(others, []);
  const { key, record, topic, partition, offset, occasion, stack, task } = letter;
  assertEquals([key, topic, partition, offset, occasion, task], [
    '{"id":2}',
    "t.public.things",
    0,
    3,
    null,
    "things-0",
  ]);
  assertEquals(JSON.parse(record!), { id: 2, shop: 1, kind: "bad", size: 1 });
  assert(/^at .*tests\/runtime\/letters_test\.ts:\d+:\d+\)?$/.test(stack!.split("\n")[0]));
  assert(!/src\/(processor|runtime)/.test(stack!), stack!);
});

Deno.test("a letter of a start says so, and names no record", async () => {
  await using driver = createTopologyTestDriver(mapped(["bad"]));
  driver.insert(things, thing(1, { kind: "bad" }));
  await driver.settle();
  assertEquals(driver.deadLetters().map(({ topic, occasion }) => [topic, occasion]), [[null, "start"]]);
});

Deno.test("a letter is resolved when its row is corrected or gone, and open again when refused again", async () => {
  await using driver = createTopologyTestDriver(mapped(["bad", "worse"]));
  for (const id of [1, 2, 3]) driver.insert(things, thing(id, { kind: "bad" }));
  await driver.settle();
  assertEquals(states(driver), [1, 2, 3].map((id) => `callback {"id":${id}} open`));
  driver.update(things, { id: 1, kind: "good" });
  driver.delete(things, 2);
  driver.update(things, { id: 3, kind: "worse" });
  await driver.settle();
  assertEquals(states(driver), [
    `callback {"id":1} ${MENDED}`,
    `callback {"id":2} ${MENDED}`,
    'callback {"id":3} open',
  ]);
  assert(/no kind worse/.test(driver.deadLetters().find(({ key }) => key === '{"id":3}')!.error));
  driver.update(things, { id: 1, kind: "bad" });
  await driver.settle();
  assertEquals(states(driver), ['callback {"id":1} open', `callback {"id":2} ${MENDED}`, 'callback {"id":3} open']);
});

Deno.test("a restart with mended code resolves letters, one with the same code keeps them once", async () => {
  await using driver = createTopologyTestDriver(mapped(["bad", "odd"]));
  driver.insert(things, thing(1, { kind: "bad" }));
  driver.insert(things, thing(2, { kind: "odd" }));
  await driver.settle();
  const before = driver.deadLetters().map(({ timestampMs, error }) => [timestampMs, error]);
  await driver.restart();
  await driver.advance(3_000);
  assertEquals(states(driver), ['callback {"id":1} open', 'callback {"id":2} open']);
  assertEquals(driver.deadLetters().map(({ timestampMs, error }) => [timestampMs, error]), before);
  await driver.restart({ topology: mapped(["odd"]) });
  await driver.advance(3_000);
  assertEquals(states(driver), [`callback {"id":1} ${NOT_AGAIN}`, 'callback {"id":2} open']);
  await driver.restart({ topology: mapped(["bad"]) });
  await driver.advance(3_000);
  assertEquals(states(driver), ['callback {"id":1} open', `callback {"id":2} ${NOT_AGAIN}`]);
});

Deno.test("a row refused by encoder or ClickHouse is open until it is another one", async () => {
  await using driver = createTopologyTestDriver(mapped([]), { refuses: (_, { kind }) => kind === "bad" });
  driver.insert(things, thing(1, { kind: "bad" }));
  driver.insert(things, thing(2, { kind: "good", size: 256 }));
  driver.insert(things, thing(3, { kind: "bad" }));
  await driver.settle();
  const open = ['callback {"id":2} open', 'sink {"id":1} open', 'sink {"id":3} open'];
  assertEquals(states(driver), open);
  await driver.restart();
  await driver.advance(3_000);
  assertEquals(states(driver), open);
  driver.update(things, { id: 1, kind: "good" });
  driver.update(things, { id: 2, size: 255 });
  driver.delete(things, 3);
  await driver.settle();
  const replaced = "the row that ClickHouse refused is another one now, or gone";
  assertEquals(states(driver), [
    `callback {"id":2} ${MENDED}`,
    `sink {"id":1} ${replaced}`,
    `sink {"id":3} ${replaced}`,
  ]);
});

Deno.test("a letter of a record that cannot be read is resolved by a later record of its key", async () => {
  await using driver = createTopologyTestDriver(mapped([]), { partitions: 1, cleanup: "delete" });
  driver.insert(things, thing(1));
  driver.raw(things, { key: '{"id":1}', value: "{" });
  driver.raw(things, { key: '{"id":2}', value: "{" });
  driver.raw(things, { key: "?", value: "{" });
  await driver.settle();
  const open = ["decode ? open", 'decode {"id":1} open', 'decode {"id":2} open'];
  assertEquals(states(driver), open);
  await driver.restart();
  await driver.advance(3_000);
  assertEquals(states(driver), open);
  driver.update(things, { id: 1, size: 2 });
  await driver.settle();
  const read = "a later record of the key was read";
  assertEquals(states(driver), [open[0], `decode {"id":1} ${read}`, open[2]]);
  await driver.restart();
  await driver.advance(3_000);
  assertEquals(states(driver), [open[0], `decode {"id":1} ${read}`, open[2]]);
});

Deno.test("letters of global tables name the record that was read, and are resolved as others are", async () => {
  const global = (refused: string) =>
    topology("things", (builder) => {
      const named = builder.globalTable(shops).mapValues(({ name }) => {
        if (name === refused) throw new RangeError("no name");
        return { name };
      });
      builder.table(things).leftJoin("owner", named, (one) => one.shop)
        .mapValues(({ id, owner, size }) => ({ id, kind: owner?.name ?? "", size })).to(shown);
    });
  await using driver = createTopologyTestDriver(global("bad"), { partitions: 1 });
  driver.insert(things, thing(1));
  driver.insert(shops, { id: 1n as never, name: "good" });
  driver.insert(shops, { id: 2n as never, name: "bad" });
  await driver.settle();
  const [{ task, key, topic, offset }] = driver.deadLetters();
  assertEquals([task, key, topic, offset], ["global shops", '{"id":2}', "t.public.shops", 1]);
  await driver.advance(5_000);
  await driver.restart();
  await driver.advance(3_000);
  assertEquals(states(driver), ['callback {"id":2} open']);
  driver.update(shops, { id: 2n as never, name: "fine" });
  await driver.settle();
  assertEquals(states(driver), [`callback {"id":2} ${MENDED}`]);
  driver.update(shops, { id: 2n as never, name: "bad" });
  await driver.settle();
  assertEquals(states(driver), ['callback {"id":2} open']);
  await driver.restart({ topology: global("other") });
  await driver.advance(3_000);
  assertEquals(states(driver), [`callback {"id":2} ${NOT_AGAIN}`]);
});

Deno.test("a letter of a row whose joined row makes it fail is resolved by the joined row", async () => {
  const joined = topology(
    "things",
    (builder) =>
      builder.table(things).leftJoin("owner", builder.table(shops), (one) => one.shop).mapValues((one) => {
        if (one.owner?.name === "bad") throw new RangeError("no owner");
        return { id: one.id, kind: one.owner?.name ?? "", size: one.size };
      }).to(shown),
  );
  await using driver = createTopologyTestDriver(joined);
  driver.insert(shops, { id: 1n as never, name: "bad" });
  for (let id = 0; id < 40; id++) driver.insert(things, thing(id));
  await driver.settle();
  assertEquals(driver.deadLetters().filter(({ resolvedMs }) => resolvedMs === null).length, 40);
  driver.update(shops, { id: 1n as never, name: "good" });
  await driver.settle();
  assertEquals(driver.deadLetters().filter(({ resolvedMs }) => resolvedMs === null).length, 0);
  driver.update(shops, { id: 1n as never, name: "bad" });
  await driver.settle();
  // The row's own record is not what made it fail, and is not known any more.
  assertEquals(
    new Set(driver.deadLetters().map(({ topic, occasion }) => `${topic} ${occasion}`)),
    new Set(["null null"]),
  );
});

Deno.test("a group whose total or share does not fit is resolved when it fits again, and not by a start", async () => {
  const sink = clickhouse("totals", { key: ["kind"], columns: { kind: "String", rows: "UInt64", size: "Int8" } });
  const totals = topology("things", (builder) => {
    builder.table(things).groupBy(({ kind }) => ({ kind }))
      .aggregate("by-kind", { rows: count(), size: sum(({ size }) => size === 13 ? "?" as never : size) }).to(sink);
  });
  await using driver = createTopologyTestDriver(totals);
  for (let id = 0; id < 4; id++) driver.insert(things, thing(id, { kind: "wide", size: 100 }));
  driver.insert(things, thing(10, { kind: "odd", size: 13 }));
  await driver.settle();
  const open = ['callback {"id":10} open', 'callback {"kind":"wide"} open'];
  assertEquals(states(driver), open);
  await driver.restart();
  await driver.advance(3_000);
  assertEquals(states(driver), open);
  for (let id = 1; id < 4; id++) driver.delete(things, id);
  driver.delete(things, 10);
  await driver.settle();
  assertEquals(states(driver), [`callback {"id":10} ${MENDED}`, `callback {"kind":"wide"} ${MENDED}`]);
});

Deno.test("letters of tasks that are no more are resolved", async () => {
  const named = (name: string) => {
    const source = debezium("t.public.things", { key: ["id"], row, name });
    return topology("things", (builder) =>
      builder.table(source).mapValues((one) => {
        if (one.kind === "bad") throw new RangeError("no");
        return { id: one.id, kind: one.kind, size: one.size };
      }).to(shown));
  };
  await using driver = createTopologyTestDriver(named("old"));
  driver.insert(things, thing(1, { kind: "bad" }));
  await driver.settle();
  await driver.restart({ topology: named("young"), options: { generation: 2 } });
  await driver.advance(3_000);
  assertEquals(driver.deadLetters().map(({ operator, resolvedMs }) => [operator, resolvedMs !== null]), [
    ["old.mapValues", true],
    ["young.mapValues", false],
  ]);
});
