import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import type { Log } from "../../../src/ports/log.ts";
import type { Ports } from "../../../src/runtime/ports.ts";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { createStepClock } from "../../../src/testing/quiescence.ts";
import { Globals } from "../../../src/runtime/globals/globals.ts";
import { lettersInto } from "../../letters_to.ts";
import { readerWith } from "../../reader_with.ts";
import { method } from "../../simulation/mutate.ts";
import { StepRun } from "../step_run.ts";

const THINGS = "shop.public.things";
const KINDS = "shop.public.kinds";
const COLOURS = "shop.public.colours";
const things = debezium(THINGS, { key: ["id"], row: z.object({ id: z.int(), kind: z.int() }) });
const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), name: z.string(), colour: z.int() }) });
const colours = debezium(COLOURS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });

const named = topology("named", (builder) => {
  builder.table(things).join("kind", builder.globalTable(kinds), (thing) => thing.kind)
    .mapValues(({ id, kind }) => ({ id, name: kind.name }))
    .to(clickhouse("named", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});
const coloured = topology("coloured", (builder) => {
  const known = builder.globalTable(kinds).join("colour", builder.globalTable(colours), (kind) => kind.colour);
  builder.table(things).join("kind", known, (thing) => thing.kind)
    .mapValues(({ id, kind }) => ({ id, name: `${kind.colour.name} ${kind.name}` }))
    .to(clickhouse("coloured", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});
const COMPACTED = { partitions: 1, cleanup: "compact", retentionMs: -1 } as const;

/** A log with things, kinds and colours, whose records of kinds are counted as they are read. */
async function openShop() {
  const clock = createStepClock(createManualClock());
  const stored = openEmbeddedLog({ path: ":memory:", clock });
  for (const name of [THINGS, KINDS, COLOURS]) await stored.createTopic({ name, ...COMPACTED });
  const read = { kinds: 0 };
  const log: Log = {
    ...stored,
    reader() {
      const reader = stored.reader();
      return readerWith(reader, {
        async poll(waitMs) {
          const parts = await reader.poll(waitMs);
          for (const { topic, records } of parts) if (topic === KINDS) read.kinds += records.length;
          return parts;
        },
      });
    },
  };
  const memory = createMemoryWarehouse();
  const bytes = new Map<string, number>();
  const metrics = {
    count() {},
    gauge: (name: string, labels: Readonly<Record<string, string>>, value: number) => {
      if (name === "weir_state_bytes") bytes.set(`${labels.topology} ${labels.table}`, value);
    },
    observe() {},
  };
  const letters: DeadLetter[] = [];
  const runs: StepRun[] = [];
  const shop = {
    clock,
    stored,
    read,
    bytes,
    letters,
    run(shown: typeof named, ports: Partial<Ports> = {}): StepRun {
      const given = { log, warehouse: memory, metrics, deadLetters: lettersInto(letters), ...ports };
      const run = new StepRun(shown, { clock, ports: given }).start();
      runs.push(run);
      return run;
    },
    async put(topic: string, ...rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
      const records = rows.map((row) => ({ key: `{"id":${row.id}}`, value: JSON.stringify({ op: "r", after: row }) }));
      await stored.append([{ topic, partition: 0, records }]);
    },
    async gone(topic: string, id: number): Promise<void> {
      await stored.append([{ topic, partition: 0, records: [{ key: `{"id":${id}}`, value: null }] }]);
    },
    shown: (sink: string) => memory.select(sink).map(({ name }) => String(name)).sort(),
    async [Symbol.asyncDispose]() {
      for (const run of runs) await run.stop();
      await stored.close();
    },
  };
  await shop.put(COLOURS, { id: 1, name: "red" }, { id: 2, name: "blue" });
  await shop.put(KINDS, { id: 1, name: "ball", colour: 1 }, { id: 2, name: "cube", colour: 2 });
  await shop.put(THINGS, { id: 1, kind: 1 }, { id: 2, kind: 2 });
  return shop;
}

Deno.test("a topology that starts while another one has a global table does not read its topic again", async () => {
  await using shop = await openShop();
  const first = shop.run(named);
  await first.settled();
  await shop.put(KINDS, { id: 3, name: "cone", colour: 1 });
  await shop.gone(KINDS, 2);
  await first.settled();
  assertEquals([shop.read.kinds, shop.shown("named")], [4, ["ball"]]);
  const second = shop.run(coloured);
  await second.settled();
  assertEquals([shop.read.kinds, shop.shown("coloured")], [4, ["red ball"]]);
  await shop.put(KINDS, { id: 2, name: "cube", colour: 1 });
  await shop.put(COLOURS, { id: 1, name: "green" });
  for (const run of [first, second]) await run.settled();
  assertEquals([shop.shown("named"), shop.shown("coloured")], [["ball", "cube"], ["green ball", "green cube"]]);
  assertEquals(shop.read.kinds, 5);
});

Deno.test("a topology that restarts meets the table as it is now, and the last one takes it along", async () => {
  await using shop = await openShop();
  const first = shop.run(coloured);
  const other = shop.run(named);
  for (const run of [first, other]) await run.settled();
  await first.stop();
  await shop.put(KINDS, { id: 1, name: "disc", colour: 2 });
  await other.settled();
  const again = shop.run(coloured);
  await again.settled();
  assertEquals([shop.read.kinds, shop.shown("coloured"), shop.shown("named")], [
    3,
    ["blue cube", "blue disc"],
    ["cube", "disc"],
  ]);
  for (const run of [again, other]) await run.stop();
  await shop.run(named).settled();
  assertEquals(shop.read.kinds, 6);
});

Deno.test("a topology that fails when told of a change evaluates nothing more, and the others go on", async () => {
  await using shop = await openShop();
  const first = shop.run(named);
  await first.settled();
  const broken = shop.run(coloured);
  await broken.settled();
  // Both are told of each change, in this order.
  let told = 0;
  const mend = method(Globals, "changed", (original) =>
    function (...change) {
      if (++told === 2) throw new Error("a bug");
      original.apply(this, change);
    })();
  try {
    await shop.gone(KINDS, 2);
    await shop.put(KINDS, { id: 3, name: "cone", colour: 1 });
    await shop.put(THINGS, { id: 1, kind: 3 }, { id: 3, kind: 2 });
    await first.settled();
    assertEquals(broken.failure?.message, "a bug");
    assertEquals([shop.shown("named"), shop.shown("coloured")], [["cone"], ["blue cube", "red ball"]]);
  } finally {
    mend();
  }
  await broken.stop();
  await shop.run(coloured).settled();
  assertEquals([shop.shown("coloured"), first.failure], [["red cone"], null]);
});

Deno.test("topologies of other processes on the same log have tables of their own", async () => {
  await using shop = await openShop();
  for (const shown of [named, coloured]) await shop.run(shown, { process: {} }).settled();
  assertEquals(shop.read.kinds, 4);
});

Deno.test("a global topic that was made again is another table, also before those who run know of it", async () => {
  await using shop = await openShop();
  const first = shop.run(named);
  await first.settled();
  await shop.stored.deleteTopic(KINDS);
  await shop.stored.createTopic({ name: KINDS, ...COMPACTED });
  // It goes as far as the one before at once; a kind is missing, and no tombstone says so.
  await shop.put(KINDS, { id: 1, name: "ball", colour: 2 }, { id: 1, name: "ball", colour: 2 });
  const second = shop.run(coloured);
  await second.settled();
  assertEquals(shop.shown("coloured"), ["blue ball"]);
  while (first.failure === null) await shop.clock.pass(1_000);
  assertStringIncludes(first.failure.message, "was deleted and created again");
  await first.stop();
  const before = shop.read.kinds;
  await shop.run(named).settled();
  assertEquals([shop.shown("named"), shop.read.kinds], [["ball"], before]);
  assertEquals(second.failure, null);
});

Deno.test("a record that could not be read is a dead letter of each topology, whenever it starts", async () => {
  await using shop = await openShop();
  await shop.stored.append([{ topic: KINDS, partition: 0, records: [{ key: `{"id":2}`, value: "nonsense" }] }]);
  for (const shown of [named, coloured]) await shop.run(shown).settled();
  await shop.clock.pass(2_000);
  const told = shop.letters.map(({ topology, reason, offset }) => `${topology} ${reason} ${offset}`);
  assertEquals(told.sort(), ["coloured not_json 2", "named not_json 2"]);
});

Deno.test("the bytes of a table that several topologies use are counted once for the process", async () => {
  await using shop = await openShop();
  const rows = Array.from({ length: 2_000 }, (_, id) => ({ id, name: `kind ${id}`, colour: 1 }));
  await shop.put(KINDS, ...rows);
  const first = shop.run(named);
  await first.settled();
  await shop.clock.pass(2_000);
  const alone = shop.bytes.get("named kinds")!;
  const second = shop.run(topology("renamed", (builder) => {
    builder.table(things).join("kind", builder.globalTable(kinds), (thing) => thing.kind)
      .mapValues(({ id, kind }) => ({ id, name: kind.name }))
      .to(clickhouse("renamed", { key: ["id"], columns: { id: "Int64", name: "String" } }));
  }));
  await second.settled();
  await shop.clock.pass(2_000);
  const parts = ["named kinds", "renamed kinds"].map((name) => shop.bytes.get(name)!);
  assert(alone > 2_000 * 20, `${alone} bytes`);
  assert(parts.every((part) => Math.abs(part - alone / 2) <= 1), `${parts} of ${alone} bytes`);
});
