import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, int8, numeric, topology, uuid } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { envelope, shown } from "./raw_records.ts";

const emotes = debezium("shop.public.emotes", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const uses = debezium("shop.public.uses", { key: ["id"], row: z.object({ id: int8(), emote: int8() }) });
const usesSink = clickhouse("uses", { key: ["id"], columns: { id: "Int64", name: "String" } });
const usesTopology = topology("uses", (b) => {
  b.table(uses).join("e", b.table(emotes), (use) => use.emote)
    .mapValues((use) => ({ id: use.id, name: use.e.name })).to(usesSink);
});

const bareEmotes = debezium("shop.public.emotes", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string() }),
  format: { key: "bare" },
});
const bareTopology = topology("uses", (b) => {
  b.table(uses).join("e", b.table(bareEmotes), (use) => use.emote)
    .mapValues((use) => ({ id: use.id, name: use.e.name })).to(usesSink);
});

Deno.test("bare keys (ExtractField$Key) are found where they lie if declared, in one partition always", async () => {
  const ids = Array.from({ length: 40 }, (_, index) => index + 1);
  const write = (driver: TopologyTestDriver) => {
    for (const id of ids) {
      driver.raw(emotes, { key: String(id), value: envelope(`{"id":${id},"name":"n${id}"}`) });
      driver.insert(uses, { id, emote: id });
    }
    driver.raw(emotes, { key: "3", value: envelope("null", "d") });
    driver.raw(emotes, { key: "4", value: null });
  };
  const expected = ids.filter((id) => id !== 3 && id !== 4).map((id) => ({ id, name: `n${id}` }));
  for (const [built, partitions] of [[bareTopology, 6], [bareTopology, 1], [usesTopology, 1]] as const) {
    await using driver = createTopologyTestDriver(built, { partitions });
    write(driver);
    for (const look of ["before", "after"]) {
      const context = `${partitions} partitions, ${look}`;
      assertEquals(await shown(driver, usesSink), { rows: expected, letters: [] }, context);
      await driver.restart();
    }
  }
  // Undeclared in several partitions: those that nobody would find are told, with the declaration.
  await using undeclared = createTopologyTestDriver(usesTopology, { partitions: 2 });
  for (const id of ids.slice(0, 10)) {
    undeclared.raw(emotes, { key: String(id), value: envelope(`{"id":${id},"name":"n${id}"}`) });
    undeclared.insert(uses, { id, emote: id });
  }
  await undeclared.settle();
  const letters = undeclared.deadLetters();
  assert(letters.length > 0);
  assertEquals(undeclared.select(usesSink).length, 10 - letters.length);
  for (const { error } of letters) assertStringIncludes(error, 'format: { key: "bare" }');
  // And the other way round.
  await using objects = createTopologyTestDriver(bareTopology, { partitions: 2 });
  for (const id of ids.slice(0, 10)) {
    objects.raw(emotes, { key: `{"id":${id}}`, value: envelope(`{"id":${id},"name":"n${id}"}`) });
  }
  await objects.settle();
  assert(objects.deadLetters().length > 0);
  for (const { error } of objects.deadLetters()) assertStringIncludes(error, "Declare format: { decimals");
});

Deno.test("bare keys of texts, decimals and times are computed as the producer writes them", async () => {
  const sink = clickhouse("names", { key: ["id"], columns: { id: "Int64", name: "String" } });
  const forms = [
    [z.string(), ['"a"', '"\\uD83D\\uDE00"', '"17"'], undefined],
    [numeric(12, 2), ['"7.00"', '"0.50"', '"-1.25"'], undefined],
    [numeric(12, 2), ['"Arw="', '"Mg=="', '"gw=="'], "precise"],
    [uuid(), ['"6f9619ff-8b86-d011-b42d-00c04fc964ff"'], undefined],
  ] as const;
  for (const [schema, keys, decimals] of forms) {
    const right = debezium("shop.public.right", {
      key: ["k"],
      row: z.object({ k: schema as z.ZodType<string>, name: z.string() }),
      format: { key: "bare", ...(decimals === undefined ? {} : { decimals }) },
    });
    const left = debezium("shop.public.left", {
      key: ["id"],
      row: z.object({ id: int8(), k: schema as z.ZodType<string> }),
      format: decimals === undefined ? undefined : { decimals },
    });
    const built = topology("names", (b) => {
      b.table(left).join("r", b.table(right), (row) => row.k)
        .mapValues((row) => ({ id: row.id, name: row.r.name })).to(sink);
    });
    await using driver = createTopologyTestDriver(built, { partitions: 7 });
    for (const [index, key] of keys.entries()) {
      driver.raw(right, { key, value: envelope(`{"k":${key},"name":"n${index}"}`) });
      driver.raw(left, { key: `{"id":${index}}`, value: envelope(`{"id":${index},"k":${key}}`) });
    }
    const rows = keys.map((_, id) => ({ id, name: `n${id}` }));
    assertEquals(await shown(driver, sink), { rows, letters: [] });
  }
});

Deno.test("rows of ByLogicalTableRouter, whose key alone names the shard, are apart and joined", async () => {
  const shards = debezium("shop.public.all_things", {
    key: ["id", "__dbz__physicalTableIdentifier"],
    row: z.object({ id: int8(), name: z.string(), __dbz__physicalTableIdentifier: z.string() }),
  });
  const left = debezium("shop.public.refs", { key: ["id"], row: z.object({ id: int8(), thing: int8() }) });
  const sink = clickhouse("things", {
    key: ["id", "shard"],
    columns: { id: "Int64", shard: "String", name: "String" },
  });
  const joined = clickhouse("refs", { key: ["id"], columns: { id: "Int64", name: "Nullable(String)" } });
  const built = topology("shards", (b) => {
    const things = b.table(shards);
    things.mapValues((row) => ({ id: row.id, shard: row.__dbz__physicalTableIdentifier, name: row.name })).to(sink);
    b.table(left).leftJoin("t", things, (row) => ({ id: row.thing, __dbz__physicalTableIdentifier: "shard_1" }))
      .mapValues((row) => ({ id: row.id, name: row.t?.name ?? null })).to(joined);
  });
  for (const partitions of [1, 5]) {
    await using driver = createTopologyTestDriver(built, { partitions });
    for (const id of [1, 2, 3]) {
      for (const shard of ["shard_0", "shard_1"]) {
        const key = `{"id":${id},"__dbz__physicalTableIdentifier":"${shard}"}`;
        driver.raw(shards, { key, value: envelope(`{"id":${id},"name":"${shard} ${id}"}`) });
        if (id === 3) driver.raw(shards, { key, value: envelope("null", "d") });
      }
      driver.insert(left, { id, thing: id });
    }
    const rows = [1, 2].flatMap((id) => ["shard_0", "shard_1"].map((shard) => ({ id, shard, name: `${shard} ${id}` })));
    for (const look of ["before", "after"]) {
      assertEquals(await shown(driver, sink), { rows, letters: [] }, `${look} a restart, ${partitions} partitions`);
      assertEquals(driver.select(joined), [
        { id: 1, name: "shard_1 1" },
        { id: 2, name: "shard_1 2" },
        { id: 3, name: null },
      ]);
      await driver.restart();
    }
  }
});
