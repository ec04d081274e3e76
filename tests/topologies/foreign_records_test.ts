import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { char, citext, clickhouse, debezium, Decimal, int8, numeric, topology, uuid } from "../../src/mod.ts";
import { computeSinks } from "../../src/oracle/oracle.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { envelope, shown } from "./raw_records.ts";

const emotes = debezium("shop.public.emotes", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const uses = debezium("shop.public.uses", { key: ["id"], row: z.object({ id: int8(), emote: int8() }) });
const usesSink = clickhouse("uses", { key: ["id"], columns: { id: "Int64", name: "String" } });
const usesTopology = topology("uses", (b) => {
  b.table(uses).join("e", b.table(emotes), (use) => use.emote)
    .mapValues((use) => ({ id: use.id, name: use.e.name })).to(usesSink);
});

Deno.test("a stray record in a wrong partition is set aside with the reason, and changes nothing", async () => {
  await using driver = createTopologyTestDriver(usesTopology, { partitions: 3 });
  for (const id of [1, 2, 3]) {
    driver.insert(emotes, { id, name: `n${id}` });
    driver.insert(uses, { id, emote: id });
  }
  await driver.settle();
  const home = (id: number) => partitionOf(`{"id":${id}}`, 3);
  driver.raw(emotes, { key: '{"id":77}', value: null, partition: (home(77) + 1) % 3 });
  driver.raw(emotes, { key: '{"id":1}', value: null, partition: (home(1) + 1) % 3 });
  driver.raw(emotes, { key: '{"id":2}', value: envelope('{"id":2,"name":"stray"}'), partition: (home(2) + 1) % 3 });
  driver.raw(emotes, { key: "no JSON", value: null });
  driver.raw(emotes, { key: '{"other":1}', value: null });
  for (const look of ["before", "after"]) {
    assertEquals(
      await shown(driver, usesSink),
      {
        rows: [1, 2, 3].map((id) => ({ id, name: `n${id}` })),
        letters: ["bad_key", "misplaced", "misplaced", "misplaced", "not_json"],
      },
      `${look} a restart`,
    );
    await driver.restart();
  }
  const misplaced = driver.deadLetters().find(({ reason }) => reason === "misplaced")!;
  assertStringIncludes(misplaced.error, "Another tool wrote it");
});

Deno.test("a topic with a partitioner of its own is refused when it has enough records to tell", async () => {
  for (const partitions of [2, 6]) {
    await using driver = createTopologyTestDriver(usesTopology, { partitions });
    for (let id = 0; id < 300; id++) {
      const record = { key: `{"id":${id}}`, value: envelope(`{"id":${id},"name":"x"}`) };
      driver.raw(emotes, { ...record, partition: (id * 7 + (id >> 3)) % partitions });
    }
    const error = await assertRejects(() => driver.settle(), ConfigError);
    assertStringIncludes(error.message, 'Cannot join with topic "shop.public.emotes"');
    assertStringIncludes(error.message, "builder.globalTable");
  }
});

const accounts = (format?: { decimals: "string" | "precise" }) =>
  debezium("shop.public.accounts", {
    key: ["nr"],
    row: z.object({ nr: numeric(10, 0), owner: z.string() }),
    format,
  });
const moves = debezium("shop.public.moves", { key: ["id"], row: z.object({ id: int8(), nr: numeric(10, 0) }) });
const ownersSink = clickhouse("owners", { key: ["id"], columns: { id: "Int64", owner: "String" } });
const owners = (format?: { decimals: "string" | "precise" }) =>
  topology("owners", (b) => {
    b.table(moves).join("a", b.table(accounts(format)), (move) => move.nr)
      .mapValues((move) => ({ id: move.id, owner: move.a.owner })).to(ownersSink);
  });

Deno.test("keys of another form than declared are set aside naming the form, which makes them right", async () => {
  const write = (driver: TopologyTestDriver) => {
    for (const [nr, base64] of [[7, "Bw=="], [300, "ASw="], [-129, "/38="], [128, "AIA="], [0, "AA=="]] as const) {
      driver.raw(accounts(), { key: `{"nr":"${base64}"}`, value: envelope(`{"nr":"${base64}","owner":"o${nr}"}`) });
      driver.insert(moves, { id: nr + 1000, nr: Decimal.of(nr) });
    }
  };
  await using undeclared = createTopologyTestDriver(owners(), { partitions: 8 });
  write(undeclared);
  await undeclared.settle();
  const letters = undeclared.deadLetters();
  assert(letters.length > 0);
  for (const { reason, error } of letters) {
    assertEquals(reason, "bad_key");
    assertStringIncludes(error, 'format: { decimals: "precise" }');
  }
  await using declared = createTopologyTestDriver(owners({ decimals: "precise" }), { partitions: 8 });
  write(declared);
  const { rows } = await shown(declared, ownersSink);
  assertEquals(rows.map(({ owner }) => owner), ["o-129", "o0", "o7", "o128", "o300"]);
  assertEquals(declared.deadLetters(), []);
});

Deno.test("keys with a schema attached are set aside where others look for them, naming the setting", async () => {
  const write = (driver: TopologyTestDriver) => {
    const field = '{"type":"int64","optional":false,"field":"id"}';
    for (let id = 1; id <= 9; id++) {
      const schema = `{"type":"struct","fields":[${field}],"optional":false,"name":"shop.public.emotes.Key"}`;
      const key = `{"schema":${schema},"payload":{"id":${id}}}`;
      driver.raw(emotes, { key, value: envelope(`{"id":${id},"name":"n${id}"}`) });
      driver.insert(uses, { id, emote: id });
    }
  };
  await using several = createTopologyTestDriver(usesTopology, { partitions: 4 });
  write(several);
  await several.settle();
  const letters = several.deadLetters();
  assert(letters.length > 0);
  assertEquals(several.select(usesSink).length, 9 - letters.length);
  for (const { error } of letters) assertStringIncludes(error, "key.converter.schemas.enable=false");
  await using one = createTopologyTestDriver(usesTopology, { partitions: 1 });
  write(one);
  assertEquals((await shown(one, usesSink)).rows.length, 9);
});

Deno.test("citext and char keys join as PostgreSQL compares them, computed foreign keys, too", async () => {
  const right = debezium("shop.public.codes", {
    key: ["code", "kind", "tag"],
    row: z.object({ code: citext(), kind: char(3), tag: uuid(), name: z.string() }),
  });
  const left = debezium("shop.public.uses", { key: ["id"], row: z.object({ id: int8(), code: z.string() }) });
  const sink = clickhouse("names", { key: ["id"], columns: { id: "Int64", name: "String" } });
  const tag = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
  const names = topology("names", (b) => {
    b.table(left).join("c", b.globalTable(right), (use) => ({ code: use.code, kind: "X  ", tag: tag.toUpperCase() }))
      .mapValues((use) => ({ id: use.id, name: use.c.name })).to(sink);
  });
  await using driver = createTopologyTestDriver(names);
  const key = `{"code":"AbC","kind":"X  ","tag":"${tag}"}`;
  driver.raw(right, { key, value: envelope(key.replace("}", ',"name":"n"}')) });
  driver.insert(left, { id: 1, code: "ABC" });
  assertEquals(await shown(driver, sink), { rows: [{ id: 1, name: "n" }], letters: [] });
  const content = computeSinks(
    names,
    (topic) => topic.endsWith("codes") ? [['"abc","X","' + tag + '"', { name: "n" }]] : driver.rows(left),
  );
  assertEquals(content.get("names")!.rows.size, 1);
});

// Keys that rows exchange within one transaction (deferrable keys), as Debezium writes them with REPLICA IDENTITY FULL.

const EXCHANGED = new URL("../fixtures/keys/exchanged.jsonl", import.meta.url);

Deno.test("rows that exchanged their keys in one transaction are all shown, partitioned and global", async () => {
  const lines = (await Deno.readTextFile(EXCHANGED)).trim().split("\n").map((line) =>
    JSON.parse(line) as { topic: string; key: string; value: string | null }
  );
  const seqs = debezium("odd.public.seqs", { key: ["id"], row: z.object({ id: int8(), title: z.string() }) });
  const places = debezium("odd.public.places", {
    key: ["list_id", "pos"],
    row: z.object({ list_id: int8(), pos: int8(), title: z.string() }),
  });
  const seqsSink = clickhouse("seqs", { key: ["id"], columns: { id: "Int64", title: "String" } });
  const placesSink = clickhouse("places", {
    key: ["list_id", "pos"],
    columns: { list_id: "Int64", pos: "Int64", title: "String", seq: "Nullable(String)" },
  });
  const built = topology("exchanged", (b) => {
    b.table(seqs).to(seqsSink);
    b.table(places).leftJoin("s", b.globalTable(seqs), (place) => Number(place.pos) + 1)
      .mapValues(({ s, ...place }) => ({ ...place, seq: s?.title ?? null })).to(placesSink);
  });
  for (const partitions of [1, 3]) {
    await using driver = createTopologyTestDriver(built, { partitions });
    for (const { topic, key, value } of lines) driver.raw(topic.endsWith("seqs") ? seqs : places, { key, value });
    for (const look of ["before", "after"]) {
      assertEquals(
        await shown(driver, seqsSink),
        { rows: [[2, "a"], [3, "b"], [4, "c"]].map(([id, title]) => ({ id, title })), letters: [] },
        `${look} a restart, ${partitions} partitions`,
      );
      assertEquals(driver.select(placesSink), [
        { list_id: 1, pos: 1, title: "second", seq: "a" },
        { list_id: 1, pos: 2, title: "first", seq: "b" },
      ]);
      await driver.restart();
    }
    // A delete of the row that holds the key now, and a tombstone alone, delete.
    driver.raw(seqs, { key: '{"id":2}', value: null });
    assertEquals((await shown(driver, seqsSink)).rows.length, 2);
  }
});
