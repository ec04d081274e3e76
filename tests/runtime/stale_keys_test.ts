import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, int8, timestamp, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import type { Metrics } from "../../src/ports/metrics.ts";
import { StaleKeys } from "../../src/state/stale_keys.ts";
import type { StepClock } from "../../src/testing/quiescence.ts";
import { openStepLog, StepRun } from "./step_run.ts";
import { lettersTo } from "../letters_to.ts";

const THINGS = "shop.public.things";
const KINDS = "shop.public.kinds";
const things = debezium(THINGS, { key: ["id"], row: z.object({ id: int8(), kind: z.int(), at: timestamp() }) });
const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const shown = topology("things", (builder) => {
  builder.table(things).leftJoin("kind", builder.globalTable(kinds), (thing) => thing.kind)
    .mapValues(({ id, kind }) => ({ id, name: kind?.name ?? null }))
    .to(clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "Nullable(String)" } }));
});

const AT = 1795322174979;

function row(after: string): string {
  return `{"before":null,"after":${after},"source":{"name":"shop","ts_ms":${AT}},"op":"c","ts_ms":${AT}}`;
}

/** Runs `shown` on a log until the test is over. */
function running(log: Log, clock: StepClock) {
  const gauges = new Map<string, number>();
  const counts = new Map<string, number>();
  let letters = 0;
  const metrics: Metrics = {
    count: (name, labels) => counts.set(`${name} ${labels.table} ${labels.column ?? ""}`.trim(), 1),
    gauge: (name, { table }, value) => gauges.set(`${name} ${table}`, value),
    observe() {},
  };
  const deadLetters = lettersTo((put) => Promise.resolve(void (letters += put.length)));
  const run = new StepRun(shown, { clock, ports: { log, metrics, deadLetters } });
  const stale = () => [gauges.get("weir_stale_keys things"), gauges.get("weir_stale_keys kinds")];
  return { runner: run.runner, stale, stop: () => run.stop(), counts, events: run.events, letters: () => letters };
}

async function prepared() {
  const { clock, log } = await openStepLog({ [THINGS]: 1, [KINDS]: 1 });
  const append = (topic: string, record: { readonly key: string; readonly value: string | null }) =>
    log.append([{ topic, partition: 0, records: [record] }]);
  return { clock, log, append };
}

Deno.test("weir_stale_keys counts keys whose last change cannot be read, until one can", async () => {
  const { clock, log, append } = await prepared();
  const run = running(log, clock);
  await run.runner.start();
  const after = async (topic: string, record: { readonly key: string; readonly value: string | null }) => {
    await append(topic, record);
    await clock.pass(5_000);
    return run.stale();
  };
  await after(KINDS, { key: '{"id":1}', value: row('{"id":1,"name":"lamp"}') });
  assertEquals(await after(THINGS, { key: '{"id":1}', value: row('{"id":1,"kind":1,"at":0}') }), [0, 0]);
  assertEquals(await after(THINGS, { key: '{"id":1}', value: row('{"id":1,"kind":"x","at":0}') }), [1, 0]);
  // The same key twice, a key of its own, and a table that is read whole.
  assertEquals(await after(THINGS, { key: '{"id":1}', value: "{" }), [1, 0]);
  assertEquals(await after(THINGS, { key: '{"id":9007199254740993}', value: "{" }), [2, 0]);
  assertEquals(await after(KINDS, { key: '{"id":1}', value: row('{"id":1}') }), [2, 1]);
  // No key: nobody knows whose change it is.
  assertEquals(await after(THINGS, { key: "{", value: "{" }), [2, 1]);
  assertEquals(run.runner.status().stale, [{ table: "things", keys: 2 }, { table: "kinds", keys: 1 }]);
  assertEquals(run.letters(), 5);
  await run.stop();

  const again = running(log, clock);
  await again.runner.start();
  await clock.pass(5_000);
  assertEquals(again.stale(), [2, 1]);
  await append(THINGS, { key: '{"id":1}', value: row('{"id":1,"kind":1,"at":0}') });
  await append(THINGS, { key: '{"id":9007199254740993}', value: null });
  await append(KINDS, { key: '{"id":1}', value: row('{"id":1,"name":"lamp"}') });
  await clock.pass(5_000);
  assertEquals(again.stale(), [0, 0]);
  assertEquals(again.runner.status().stale, []);
  await again.stop();
  await log.close();
});

Deno.test("Runner tells once that a column's integers look like another unit", async () => {
  const { clock, log, append } = await prepared();
  const run = running(log, clock);
  await run.runner.start();
  for (const id of [1, 2, 3]) {
    await append(THINGS, { key: `{"id":${id}}`, value: row(`{"id":${id},"kind":1,"at":${AT - id}}`) });
  }
  await clock.pass(5_000);
  assertEquals(run.events.filter(({ kind }) => kind === "doubt"), [{
    kind: "doubt",
    table: "things",
    column: "at",
    message: `${AT - 1} is read as 1970-01-21, and the row was changed on 2026-11-22: these look like milliseconds. ` +
      "Declare the column as timestamp(3), or set time.precision.mode=microseconds in the connector",
  }]);
  assertEquals(run.counts.get("weir_doubtful_columns_total things at"), 1);
  await run.stop();
  await log.close();
});

Deno.test("StaleKeys counts what it cannot remember", () => {
  const keys = new StaleKeys("things");
  for (let key = 0; key < 100_002; key++) keys.refused(key, { partition: 0, offset: key });
  assertEquals(keys.size, 100_002);
  for (let key = 0; key < 100_002; key++) keys.read(key);
  assertEquals(keys.size, 2);
});
