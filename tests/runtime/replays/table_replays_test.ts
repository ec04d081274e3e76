import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { explainerOf } from "../../../src/runtime/explain/explainer.ts";
import { ReplayWorld } from "./replay_run.ts";

const TOPIC = "t.public.things";
const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), size: z.int() }) });
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64", size: "Int64" } });
const TABLE = topology("things", (builder) => builder.table(things).to(shown));

const key = (id: number) => JSON.stringify({ id });
const row = (id: number, size: unknown) => JSON.stringify({ after: { id, size }, op: "u" });
const record = (id: number, size: unknown) => ({ key: key(id), value: row(id, size) });

const isWord = (outcome: string, sentence: RegExp, result: { outcome: string; sentence: string }) => {
  assertEquals(result.outcome, outcome, result.sentence);
  assert(sentence.test(result.sentence), result.sentence);
};

async function opened(): Promise<ReplayWorld> {
  const world = await ReplayWorld.open({ [TOPIC]: 1 });
  await world.append(TOPIC, record(1, 1));
  await world.append(TOPIC, record(2, 2));
  await world.start(TABLE);
  return world;
}

Deno.test("a corrected record is the right row, and stays it after a restart that reads all again", async () => {
  const world = await opened();
  await world.append(TOPIC, record(1, "ten"));
  await world.settled();
  assertEquals(world.shown("things"), ['{"id":1,"size":1}', '{"id":2,"size":2}']);
  const [letter] = world.open();
  const [result] = await world.replay([letter], { value: row(1, 10) });
  isWord("replayed", /"things" has it now as of offset 2 of .*, and will have it so after every restart$/, result);
  assertEquals(world.shown("things"), ['{"id":1,"size":10}', '{"id":2,"size":2}']);
  assertEquals(world.open(), []);
  assertEquals(world.run.runner.status().stale, []);
  await world.run.stop();
  const writes = world.warehouse.writes();
  await world.start(TABLE);
  await world.pass(3_000);
  assertEquals([world.shown("things"), world.open()], [['{"id":1,"size":10}', '{"id":2,"size":2}'], []]);
  assertEquals(world.warehouse.writes(), writes);
  await world.close();
});

Deno.test("a replay that deletes says so, as explain does from then on, until a newer record comes", async () => {
  const world = await opened();
  const deletions = { 1: "null", 2: null, 3: '{"op":"d","before":{"id":3,"size":1},"after":null}' } as const;
  await world.append(TOPIC, record(3, 3));
  const told = async (id: number) => {
    const means = { others: () => Promise.resolve({ answers: [], unanswered: [] }) };
    const question = { table: "things", key: String(id), after: null, limit: 1 };
    const { outcome, sentence, deletedBy } = await explainerOf(world.run.runner)!.explain(question, means);
    return { outcome, sentence, offset: deletedBy?.offset };
  };
  const saysSo = async (id: number, offset: number) => {
    const { outcome, sentence, offset: by } = await told(id);
    assertEquals([outcome, by], ["unknown", offset], sentence);
    const words = `"things" has no row of this key, as the record at offset ${offset} of "${TOPIC}" partition 0 was ` +
      "corrected, which deletes it";
    assertEquals(sentence, `things ${id} is not shown: ${words}`);
  };
  for (const [id, value] of Object.entries(deletions)) {
    const offset = await world.append(TOPIC, record(Number(id), "bad"));
    await world.settled();
    const [result] = await world.replay(world.open(), { value });
    isWord("replayed", new RegExp(`^Its row is deleted from "things" as of offset ${offset} of .* restart$`), result);
    await saysSo(Number(id), offset);
  }
  assertEquals([world.shown("things"), world.open()], [[], []]);
  await world.run.stop();
  await world.start(TABLE);
  await saysSo(1, 3);
  await world.append(TOPIC, record(1, 7));
  await world.append(TOPIC, { key: key(2), value: null });
  await world.settled();
  assertEquals([(await told(1)).outcome, (await told(1)).offset], ["shown", undefined]);
  assertEquals(await told(2), {
    ...{ outcome: "unknown", offset: undefined },
    sentence: 'things 2 is not shown: "things" has no row of this key',
  });
  await world.close();
});

Deno.test("explain tells of a global table's row, and of a missing partner, that a correction deletes it", async () => {
  const orders = debezium("t.public.orders", { key: ["id"], row: z.object({ id: z.int(), thing: z.int() }) });
  const priced = clickhouse("priced", { key: ["id"], columns: { id: "Int64", size: "Int64" } });
  const world = await ReplayWorld.open({ [TOPIC]: 1, "t.public.orders": 1 });
  await world.append("t.public.orders", { key: key(7), value: '{"after":{"id":7,"thing":1},"op":"c"}' });
  await world.append(TOPIC, record(1, 1));
  await world.append(TOPIC, record(1, "bad"));
  await world.start(topology("priced", (builder) => {
    builder.table(orders).join("thing", builder.globalTable(things), (order) => order.thing)
      .mapValues(({ id, thing }) => ({ id, size: thing.size })).to(priced);
  }));
  const [result] = await world.replay(world.open(), { value: null });
  isWord("replayed", /takes it as the deletion of its row from now on/, result);
  await world.pass(1_000);
  const means = { others: () => Promise.resolve({ answers: [], unanswered: [] }) };
  const asked = (table: string, id: string) =>
    explainerOf(world.run.runner)!.explain({ table, key: id, after: null, limit: 1 }, means);
  const deleted = /"things" has no row of this key, as the record at offset 1 of .* was corrected, which deletes it$/;
  const global = await asked("things", "1");
  assertEquals([global.outcome, global.deletedBy?.offset], ["unknown", 1], global.sentence);
  assert(deleted.test(global.sentence), global.sentence);
  const joined = await asked("priced", "7");
  assertEquals(joined.outcome, "no partner");
  assert(deleted.test(joined.sentence), joined.sentence);
  await world.close();
});

Deno.test("an edit of what another reader could read counts for that one, too, which reads again", async () => {
  const colours = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), colour: z.string() }) });
  const painted = clickhouse("painted", { key: ["id"], columns: { id: "Int64", colour: "String" } });
  const world = await ReplayWorld.open({ [TOPIC]: 1 });
  const of = (after: { id: number; size: unknown; colour: string }) => ({
    key: key(after.id),
    value: JSON.stringify({ after, op: "u" }),
  });
  await world.append(TOPIC, of({ id: 1, size: 1, colour: "red" }));
  await world.append(TOPIC, of({ id: 2, size: "two", colour: "green" }));
  await world.start(TABLE);
  const run = world.run;
  const beside = world.beside(topology("painted", (builder) => builder.table(colours).to(painted)));
  await beside.settled();
  const colour = () => world.shown("painted");
  assertEquals(colour(), ['{"id":1,"colour":"red"}', '{"id":2,"colour":"green"}']);
  const [result] = await world.replay(world.open(), { set: { size: 2 } });
  isWord("replayed", /"things" has it now/, result);
  await world.pass(12_000);
  await beside.settled();
  assertEquals([beside.restarts, colour()[1]], [[], '{"id":2,"colour":"green"}'], "nothing of it was edited");
  await world.append(TOPIC, of({ id: 3, size: "three", colour: "blue" }));
  await world.settled();
  const [again] = await world.replay(world.open(), { set: { size: 3, colour: "black" } });
  isWord("replayed", /"things" has it now/, again);
  await world.pass(12_000);
  await beside.settled();
  assertEquals(colour(), ['{"id":1,"colour":"red"}', '{"id":2,"colour":"green"}', '{"id":3,"colour":"black"}']);
  assertEquals(beside.restarts, ["corrections have come of records that it has read, which it reads again"]);
  assertEquals(run.restarts, []);
  await beside.stop();
  await world.close();
});

Deno.test("an edit that still cannot be read fails, and the letter stays open", async () => {
  const world = await opened();
  await world.append(TOPIC, record(1, "ten"));
  await world.settled();
  const [letter] = world.open();
  const tries = [
    [null, /still cannot be read.*"ten"/],
    [{ value: row(1, "eleven") }, /"eleven"/],
    [{ value: row(2, 10) }, /id/],
    [{ value: "{" }, /JSON/],
    [{ set: { size: "x" } }, /"x"/],
    [{ set: { size: 10, sice: 11 } }, /^Cannot set "sice": the record has no such column.* Did you mean "size"\?$/],
  ] as const;
  for (const [edit, says] of tries) isWord("failed", says, (await world.replay([letter], edit))[0]);
  assertEquals(world.open(), [letter]);
  assertEquals(world.shown("things")[0], '{"id":1,"size":1}');
  assertEquals((await world.log.topics(["weir.corrections"])).size, 0);
  isWord("replayed", /things/, (await world.replay([letter], { set: { size: 11 } }))[0]);
  assertEquals([world.shown("things")[0], world.open()], ['{"id":1,"size":11}', []]);
  await world.close();
});

Deno.test("a record is not replayed over a newer one of its key, of whatever kind that is", async () => {
  const world = await opened();
  for (const [id, newer] of [[1, row(1, 5)], [2, null], [3, row(3, "bad")]] as const) {
    await world.append(TOPIC, record(id, "bad"));
    await world.settled();
    const letter = world.open().at(-1)!;
    const offset = await world.append(TOPIC, { key: key(id), value: newer });
    await world.settled();
    const [result] = await world.replay([letter], { value: row(id, 9) });
    isWord("refused", new RegExp(`A newer record of its key lies at offset ${offset}`), result);
  }
  assertEquals(world.shown("things"), ['{"id":1,"size":5}']);
  const all = await world.replay(world.open(), { set: { size: 7 } });
  assertEquals(all.map(({ outcome }) => outcome), ["refused", "replayed"]);
  assertEquals([world.shown("things"), world.open()], [['{"id":1,"size":5}', '{"id":3,"size":7}'], []]);
  await world.close();
});

Deno.test("a record is replayed at its place alone: with its key, in the log, and not misplaced", async () => {
  const world = await opened();
  await world.append(TOPIC, record(1, "bad"));
  await world.append(TOPIC, { key: '{"other":1}', value: row(1, 1) });
  await world.settled();
  const [letter, keyless] = world.open();
  const whole = { value: row(1, 9) };
  const other = /would come back after its deletion.*deno task produce t\.public\.things$/;
  for (const [one, says] of [[letter, /^Another key is another row/], [keyless, /^Its key cannot be read/]] as const) {
    const [result] = await world.replay([one], { ...whole, key: key(4) });
    isWord("refused", says, result);
    assert(other.test(result.sentence), result.sentence);
    assertEquals(result.brief, undefined, "it quotes nothing of the record");
  }
  isWord(
    "refused",
    /partition 0 is not in the log any more/,
    (await world.replay([{ ...letter, offset: 77 }], whole))[0],
  );
  isWord("refused", /where nobody looks/, (await world.replay([{ ...letter, reason: "misplaced" }], whole))[0]);
  isWord("refused", /no task "gone-0"/, (await world.replay([{ ...letter, task: "gone-0" }], whole))[0]);
  isWord("replayed", /things/, (await world.replay([letter], { ...whole, key: ' {"id": 1}' }))[0]);
  await world.close();
});
