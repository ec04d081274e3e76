import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, type Topology, topology } from "../../src/mod.ts";
import type { DeadLetter } from "../../src/ports/dead_letters.ts";
import type { AppendBatch, Log } from "../../src/ports/log.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { appendKeyed, openStepLog, StepRun } from "./step_run.ts";
import { lettersInto } from "../letters_to.ts";

const documents = debezium("shop.public.documents", { key: ["id"], row: z.object({ id: z.int(), body: z.string() }) });
const shown = clickhouse("documents", { key: ["id"], columns: { id: "Int64", length: "Nullable(Int64)" } });
const lengths = clickhouse("lengths", { key: ["length"], columns: { length: "Int64", documents: "UInt64" } });

const PARTITIONS = 2;

/** Runs a topology over documents whose bodies have these lengths, by id. */
async function start(
  run: {
    topology: Topology;
    lengths: readonly number[];
    log?: (log: Log) => Log;
    warehouse?: (memory: Warehouse) => Warehouse;
  },
) {
  const { topic } = documents.spec;
  const { clock, log: embedded } = await openStepLog({ [topic]: PARTITIONS });
  const records = run.lengths.map((length, id) => ({
    key: `{"id":${id}}`,
    value: JSON.stringify({ op: "r", after: { id, body: "x".repeat(length) } }),
  }));
  await appendKeyed(embedded, records, { topic, partitions: PARTITIONS });
  const memory = createMemoryWarehouse();
  const letters: DeadLetter[] = [];
  const log = run.log?.(embedded) ?? embedded;
  const warehouse = run.warehouse?.(memory) ?? memory;
  const deadLetters = lettersInto(letters);
  const instance = new StepRun(run.topology, { clock, ports: { log, warehouse, deadLetters } }).start();
  return {
    clock,
    memory,
    letters,
    /** Restarts of tasks, and problems. */
    events: () =>
      instance.events.filter((event) =>
        event.kind === "restart" || (event.kind === "problem" && event.problem !== null)
      ),
    settle: () => instance.settled(),
    async [Symbol.asyncDispose]() {
      await instance.stop();
      await embedded.close();
    },
  };
}

/** Documents with the length of the next one, which is another task's. */
const next = topology(
  "next",
  (builder) =>
    builder.table(documents).leftJoin("next", builder.table(documents), (document) => document.id + 1)
      .mapValues(({ id, next }) => ({ id, length: next === null ? null : next.body.length })).to(shown as never),
);

Deno.test("a value that the broker does not take is absent with a dead letter, and no task starts again", async () => {
  const limit = 1_048_576;
  /** A broker with its default limit, which Weir knows nothing of. */
  const limited = (log: Log): Log => ({
    ...log,
    append(batches: readonly AppendBatch[]) {
      const bytes = batches.map(({ records }) => records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0));
      if (bytes.some((size) => size > limit)) {
        return Promise.reject(
          new ProductionError("Cannot append: the broker answers 10", { retriable: false, reason: "too_large" }),
        );
      }
      return log.append(batches);
    },
  });
  const many = [5, 900_000, 1_100_000, 7, ...Array.from({ length: 40 }, (_, id) => id)];
  await using run = await start({ topology: next, lengths: many, log: limited });
  await run.settle();
  const found = new Map(run.memory.select("documents").map((row) => [row.id, row.length]));
  assertEquals([...found.values()], [...many.slice(1).map((length) => length === 1_100_000 ? null : length), null]);
  assertEquals(run.events(), []);
  assertEquals(run.letters.map(({ operator, key, reason }) => [operator, key, reason]), [[
    "documents.next",
    '{"id":2}',
    "too_large",
  ]]);
  assertStringIncludes(run.letters[0].error, "max.message.bytes of topic");
  assertStringIncludes(run.letters[0].error, "WEIR_MESSAGE_BYTES_MAX");
});

const direct = topology("direct", (builder) => {
  const table = builder.table(documents);
  table.mapValues(({ id, body }) => ({ id, length: body.length })).to(shown as never);
  table.groupBy((row) => ({ length: row.body.length })).aggregate("lengths", { documents: count() }).to(
    lengths as never,
  );
});

Deno.test("tables that were dropped while nothing is written are made again and filled by the comparison", async () => {
  let current: Warehouse;
  const renewed = createMemoryWarehouse();
  const warehouse = (memory: Warehouse): Warehouse => {
    current = memory;
    return {
      ensure: (table) => current.ensure(table),
      present: (tables) => current.present(tables),
      insert: (batch) => current.insert(batch),
      shown: (table, tasks) => current.shown(table, tasks),
      summed: (table, watermarks) => current.summed(table, watermarks),
      newer: (table, watermarks) => current.newer(table, watermarks),
      orphans: (table, tasks) => current.orphans(table, tasks),
      greatestEpochs: (table, tasks) => current.greatestEpochs(table, tasks),
      setAside: (table, limit) => current.setAside(table, limit),
      kept: (table, keyLine) => current.kept(table, keyLine),
      ensureAppend: (table) => current.ensureAppend(table),
      append: (rows) => current.append(rows),
      appended: (table, range) => current.appended(table, range),
      keptAppends: (table, question) => current.keptAppends(table, question),
      lastAppended: (table, of) => current.lastAppended(table, of),
      nowMs: () => current.nowMs(),
      query: (sql) => current.query(sql),
      ping: () => current.ping(),
      close: () => current.close(),
    };
  };
  await using run = await start({ topology: direct, lengths: [3, 4, 3, 5, 3], warehouse });
  await run.settle();
  current = renewed;
  await run.clock.pass(700_000);
  await run.settle();
  assertEquals(renewed.select("documents").map((row) => row.length), [3, 4, 3, 5, 3]);
  assertEquals(renewed.select("lengths").map((row) => [row.length, row.documents]), [[3, 3], [4, 1], [5, 1]]);
  assertEquals(run.letters, []);
});
