import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { ReplayWorld } from "./replay_run.ts";

const TOPIC = "t.public.things";
const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), size: z.int() }) });
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64", size: "Int64" } });
/** What the world outside refuses, which no callback should ask. */
const refused = new Set<number>();
const TABLE = topology("things", (builder) =>
  builder.table(things).mapValues((thing) => {
    if (refused.has(thing.size)) throw new RangeError(`no size ${thing.size}`);
    return thing;
  }).to(shown));

const record = (id: number, size: number) => ({
  key: JSON.stringify({ id }),
  value: JSON.stringify({ after: { id, size }, op: "u" }),
});

Deno.test("a row that a callback refused is evaluated again, and is not edited", async () => {
  refused.clear();
  const world = await ReplayWorld.open({ [TOPIC]: 1 });
  await world.append(TOPIC, record(1, 1));
  await world.start(TABLE);
  refused.add(2);
  await world.append(TOPIC, record(1, 2));
  await world.settled();
  const [letter] = world.open();
  assertEquals([letter.stage, world.shown("things")], ["callback", []]);
  const results = [
    ...await world.replay([letter]),
    ...await world.replay([letter], { set: { size: 3 } }),
    ...await world.replay([{ ...letter, task: "things-7" }]),
    ...await world.replay([{ ...letter, subject: "99" }]),
  ];
  assertEquals(results.map(({ outcome }) => outcome), ["failed", "refused", "refused", "refused"]);
  for (const [index, says] of [/once more/, /source database/, /not on this instance/, /no row/].entries()) {
    assert(says.test(results[index].sentence), results[index].sentence);
  }
  assertEquals(world.open(), [letter]);
  refused.clear();
  assertEquals((await world.replay([letter]))[0].outcome, "replayed");
  assertEquals([world.shown("things"), world.open()], [['{"id":1,"size":2}'], []]);
  await world.close();
});

Deno.test("a row that ClickHouse refused is offered again, and its letter is open while it is refused", async () => {
  const taken = new Set<number>();
  const world = await ReplayWorld.open({ [TOPIC]: 1 }, (_, { size }) => Number(size) > 3 && !taken.has(Number(size)));
  await world.append(TOPIC, record(1, 1));
  await world.start(TABLE);
  await world.append(TOPIC, record(1, 4));
  await world.settled();
  const [letter] = world.open();
  assertEquals([letter.stage, world.shown("things")], ["sink", []]);
  const [again] = await world.replay([letter]);
  assertEquals([again.outcome, world.open().length], ["failed", 1], again.sentence);
  taken.add(4);
  const [result] = await world.replay(world.open());
  assertEquals([result.outcome, world.shown("things"), world.open()], ["replayed", ['{"id":1,"size":4}'], []]);
  await world.close();
});
