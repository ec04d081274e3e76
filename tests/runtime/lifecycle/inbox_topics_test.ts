import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import type { Log } from "../../../src/ports/log.ts";
import { ConfigError, ProductionError } from "../../../src/record/errors.ts";
import { prepareTopics } from "../../../src/runtime/lifecycle/topics.ts";
import { defaultRunOptions } from "../../../src/runtime/options.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "../step_run.ts";

const NOTES = "shop.public.notes";
const DOCUMENTS = "shop.public.documents";
/** What a broker takes in topics made without a limit of their own. */
const BROKER_BYTES_MAX = 1_048_588;

const notes = debezium(NOTES, { key: ["id"], row: z.object({ id: z.int(), document: z.int() }) });
const documents = debezium(DOCUMENTS, { key: ["id"], row: z.object({ id: z.int(), body: z.string() }) });
const lengths = topology("lengths", (builder) => {
  builder.table(notes).join("document", builder.table(documents), (note) => note.document)
    .mapValues(({ id, document }) => ({ id, length: document.body.length }))
    .to(clickhouse("lengths", { key: ["id"], columns: { id: "Int64", length: "Int64" } }));
});

/** A log of one partition for each source, with a broker's own limit for all topics that are made without one. */
async function openBroker() {
  const { clock, log: embedded } = await openStepLog({});
  const log: Log = {
    ...embedded,
    createTopic: (topic) => embedded.createTopic({ messageBytesMax: BROKER_BYTES_MAX, ...topic }),
  };
  for (const name of [NOTES, DOCUMENTS]) {
    await log.createTopic({
      name,
      partitions: 1,
      cleanup: "compact",
      retentionMs: -1,
      messageBytesMax: 50_000_000,
    });
  }
  return { clock, log };
}

function prepare(log: Log, options = defaultRunOptions) {
  const stopped = () => false;
  return prepareTopics({
    warehouse: createMemoryWarehouse(),
    onTakenOver() {},
    topology: lengths,
    log,
    clock: createManualClock(),
    options,
    onWaiting: () => {},
    stopped,
  });
}

async function limitsOf(log: Log, names: readonly string[]): Promise<number[][]> {
  const found = await log.topics(names);
  return names.map((name) => [found.get(name)!.retentionMs, found.get(name)!.messageBytesMax]);
}

Deno.test("prepareTopics() makes inboxes with limits of their own, whatever the log's are", async () => {
  const { log } = await openBroker();
  const { inboxes } = await prepare(log);
  const { inboxRetentionMs, messageBytesMax } = defaultRunOptions;
  assertEquals(await limitsOf(log, inboxes), inboxes.map(() => [inboxRetentionMs, messageBytesMax]));
  await log.close();
});

Deno.test("prepareTopics() raises limits of inboxes that are there, and lowers none", async () => {
  const { log } = await openBroker();
  const { inboxes } = await prepare(log, {
    ...defaultRunOptions,
    messageBytesMax: 1_000_000,
    inboxRetentionMs: 60_000,
  });
  const { inboxRetentionMs, messageBytesMax } = defaultRunOptions;
  await log.alterTopic(inboxes[0], { retentionMs: -1, messageBytesMax: 2_000_000 });
  await log.alterTopic(inboxes[1], { retentionMs: 2 * inboxRetentionMs, messageBytesMax: 30_000_000 });
  await prepare(log);
  assertEquals(await limitsOf(log, inboxes.slice(0, 2)), [[-1, messageBytesMax], [2 * inboxRetentionMs, 30_000_000]]);
  await log.close();
});

Deno.test("prepareTopics() names the command where it may not raise limits", async () => {
  const { log } = await openBroker();
  const { inboxes } = await prepare(log, { ...defaultRunOptions, messageBytesMax: 1_000_000 });
  const refusing: Log = {
    ...log,
    alterTopic: () => Promise.reject(new ProductionError("topicAuthorizationFailed", { retriable: false })),
  };
  const { problems } = await assertRejects(() => prepare(refusing), ConfigError);
  assertEquals(problems.length, inboxes.length);
  assertStringIncludes(problems[0], "takes them up to 1000000 bytes");
  assertStringIncludes(problems[0], `--entity-name ${inboxes[0]} --add-config retention.ms=86400000,`);
  assertStringIncludes(problems[0], "max.message.bytes=16777216");
  await log.close();
});

Deno.test("a row of 1.6 MB that others look up is joined", async () => {
  const { clock, log } = await openBroker();
  const put = (topic: string, row: { readonly id: number } & Record<string, unknown>) => {
    const value = JSON.stringify({ op: "c", after: row });
    return log.append([{ topic, partition: 0, records: [{ key: `{"id":${row.id}}`, value }] }]);
  };
  await put(DOCUMENTS, { id: 1, body: "x".repeat(1_600_000) });
  await put(DOCUMENTS, { id: 2, body: "small" });
  await put(NOTES, { id: 1, document: 1 });
  await put(NOTES, { id: 2, document: 2 });
  const warehouse = createMemoryWarehouse();
  const run = new StepRun(lengths, { clock, ports: { log, warehouse } }).start();
  await run.settled();
  assertEquals(warehouse.select("lengths").map(({ id, length }) => [Number(id), Number(length)]), [
    [1, 1_600_000],
    [2, 5],
  ]);
  assertEquals(run.restarts, []);
  await run.stop();
  await log.close();
});
