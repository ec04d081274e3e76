import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, events, int8, type Topology, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import { Problems } from "../../../src/runtime/problems.ts";
import type { Ports } from "../../../src/runtime/ports.ts";
import { AppendTables } from "../../../src/runtime/streams/append_tables.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { lettersInto } from "../../letters_to.ts";
import { openStepLog, StepRun } from "../step_run.ts";

/** Longer than the time between two looks. */
const LOOK_MS = 12_000;
const TOPIC = "shop.clicks";
const clicks = events(TOPIC, { row: z.object({ id: int8() }) });
const sink = (name: string) => clickhouseAppend(name, { columns: { id: "Int64" }, orderBy: ["id"] });

/** A topology with two append tables of one topic, and what it runs on. */
async function openClicks() {
  const { clock, log } = await openStepLog({ [TOPIC]: 2 });
  const warehouse = createMemoryWarehouse();
  const letters: DeadLetter[] = [];
  const ports = { log, warehouse, deadLetters: lettersInto(letters) };
  let next = 0;
  return {
    clock,
    warehouse,
    letters,
    topology: (name: string, sinks: readonly string[]) =>
      topology(name, (builder) => {
        const stream = builder.stream(clicks);
        for (const name of sinks) stream.to(sink(name));
      }),
    spawn: (topology: Topology) => new StepRun(topology, { clock, ports }).start(),
    ids: (name: string) => warehouse.appendedRows(name).map(({ id }) => Number(id)).sort((a, b) => a - b),
    /** So many records, alternately in both partitions. */
    put: async (count: number) => {
      for (const end = next + count; next < end; next++) {
        await log.append([{
          topic: TOPIC,
          partition: next % 2,
          records: [{ key: `c${next}`, value: `{"id":${next}}`, timestampMs: 1_000 }],
        }]);
      }
      await clock.drained();
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
}

/** What a table lacks, as letters say it: the operator, the topic, the partition and the offset. */
function lacking(letters: readonly DeadLetter[]): string[] {
  return letters.map(({ operator, reason, topic, partition, offset }) =>
    `${operator} ${reason} ${topic}/${partition}@${offset}`
  ).sort();
}

Deno.test("AppendTables makes the tables of streams and of what is made of stages, each once", async () => {
  const source = (name: string) => events(`shop.${name}`, { row: z.object({ id: int8() }) });
  const joined = topology("joined", (builder) => {
    const left = builder.stream(source("left"));
    left.to(sink("events"));
    left.join("right", builder.stream(source("right")), {
      on: [({ id }) => ({ id }), ({ id }) => ({ id })],
      within: { minutes: 1 },
    }).to(sink("pairs"));
  });
  const made: string[] = [];
  const ports = {
    warehouse: {
      ensureAppend({ name }: { readonly name: string }) {
        made.push(name);
        return Promise.resolve({ created: true, added: [] });
      },
    },
  } as unknown as Ports;
  const tables = new AppendTables({ ports, problems: new Problems(() => {}), onEvent: () => {} });
  await tables.ensure(compile(joined), () => false);
  assertEquals(made.sort(), ["events", "pairs"]);
});

Deno.test("a start that makes an append table anew says which records are not in it", async () => {
  await using world = await openClicks();
  const clicked = world.topology("clicked", ["raw", "other"]);
  await world.put(6);
  const first = world.spawn(clicked);
  await first.settled();
  await first.stop();
  assertEquals([world.ids("raw").length, world.letters], [6, []]);
  world.warehouse.drop("raw");
  await world.put(2);
  const second = world.spawn(clicked);
  await second.settled();
  assertEquals([world.ids("raw"), world.ids("other").length], [[6, 7], 8]);
  assertEquals(lacking(world.letters), ["sink raw made_anew shop.clicks/0@3", "sink raw made_anew shop.clicks/1@3"]);
  const told = second.events.flatMap((event) => event.kind === "letters" ? [event.example.error] : []);
  assertEquals(told.length, 1);
  assertStringIncludes(told[0], 'Table "raw" is made anew');
  assertStringIncludes(told[0], `lacks what "${TOPIC}" partition`);
  await second.stop();
  const third = world.spawn(clicked);
  await third.settled();
  await third.stop();
  assertEquals(world.letters.length, 2, "a table that is there is nothing to tell");
});

Deno.test("an append table that is dropped while it runs is made anew, and says what is not in it", async () => {
  for (const quiet of [true, false]) {
    await using world = await openClicks();
    await world.put(6);
    const run = world.spawn(world.topology("clicked", ["raw"]));
    await run.settled();
    await world.clock.pass(LOOK_MS);
    assertEquals(world.letters, []);
    world.warehouse.drop("raw");
    if (!quiet) await world.put(2);
    await world.clock.pass(LOOK_MS);
    await run.settled();
    assertEquals(world.ids("raw"), quiet ? [] : [6, 7]);
    const lacks = ["sink raw made_anew shop.clicks/0@3", "sink raw made_anew shop.clicks/1@3"];
    assertEquals(lacking(world.letters), lacks, `quiet ${quiet}`);
    await world.clock.pass(2 * LOOK_MS);
    assertEquals([world.letters.length, run.runner.problems.list()], [2, []]);
    await run.stop();
  }
});

Deno.test("an append table that somebody else drops and makes again says what is not in it", async () => {
  await using world = await openClicks();
  await world.put(6);
  const clicked = world.topology("clicked", ["raw"]);
  const run = world.spawn(clicked);
  await run.settled();
  await world.clock.pass(LOOK_MS);
  world.warehouse.drop("raw");
  await world.warehouse.ensureAppend(compile(clicked).streams[0].sinks[0].table);
  await world.clock.pass(LOOK_MS);
  assertEquals(lacking(world.letters), ["sink raw made_anew shop.clicks/0@3", "sink raw made_anew shop.clicks/1@3"]);
  await run.stop();
});

Deno.test("a topology of another name with tables of other names has all rows again", async () => {
  await using world = await openClicks();
  await world.put(6);
  const run = world.spawn(world.topology("clicked", ["raw"]));
  await run.settled();
  await run.stop();
  world.warehouse.drop("raw");
  const again = world.spawn(world.topology("clicked_again", ["raw_again"]));
  await again.settled();
  await again.stop();
  assertEquals([world.ids("raw_again"), world.letters], [[0, 1, 2, 3, 4, 5], []]);
});
