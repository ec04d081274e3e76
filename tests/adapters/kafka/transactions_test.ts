import { assertEquals } from "@std/assert";
import kafkajs from "kafkajs";
import type { Fetched } from "../../../src/ports/log.ts";
import { openKafka } from "../../../src/adapters/kafka/kafka_log.ts";
import { brokers } from "./real_broker.ts";

const needed = brokers.length > 0 ? "" : " (needs WEIR_TEST_KAFKA)";

Deno.test({
  name: `Reader.poll() gives committed transactions alone${needed}`,
  ignore: brokers.length === 0,
  // kafkajs' own producer leaves timers behind.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const log = openKafka({ brokers, clientId: "weir-test" });
    const topic = `transactions-${crypto.randomUUID().slice(0, 8)}`;
    await log.createTopic({ name: topic, partitions: 1, cleanup: "delete", retentionMs: -1 });
    const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const producer = kafka.producer({ idempotent: true, transactionalId: topic, maxInFlightRequests: 1 });
    await producer.connect();
    for (let number = 0; number < 4; number++) {
      const transaction = await producer.transaction();
      await transaction.send({
        topic,
        messages: [{ key: "k", value: `${number}a` }, { key: "k", value: `${number}b` }],
      });
      if (number % 2 === 0) await transaction.commit();
      else await transaction.abort();
      if (number === 1) await log.append([{ topic, partition: 0, records: [{ key: "k", value: "plain" }] }]);
    }
    const open = await producer.transaction();
    await open.send({ topic, messages: [{ key: "k", value: "open" }] });
    const { end: [end] } = await log.offsets(topic);
    const values: string[] = [];
    const reader = log.reader();
    reader.seek(topic, 0, 0);
    for (let next = 0; next < end;) {
      for (const { records, nextOffset, endOffset } of await reader.poll(1_000)) {
        values.push(...records.map(({ value }) => new TextDecoder().decode(value as Uint8Array)));
        next = nextOffset;
        assertEquals(endOffset, end);
      }
    }
    assertEquals(values, ["0a", "0b", "plain", "2a", "2b"]);
    await open.abort();
    for (let next = end; next < end + 2;) for (const part of await reader.poll(1_000)) next = part.nextOffset;
    await producer.disconnect();
    await log.close();
  },
});

Deno.test({
  name: `Reader.poll() tells of a transaction that is open for long, and that it has ended${needed}`,
  ignore: brokers.length === 0,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const log = openKafka({ brokers, clientId: "weir-test", openTransactionMs: 300 });
    const topic = `open-${crypto.randomUUID().slice(0, 8)}`;
    await log.createTopic({ name: topic, partitions: 1, cleanup: "delete", retentionMs: -1 });
    await log.append([{ topic, partition: 0, records: [{ key: null, value: "before" }] }]);
    const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const producer = kafka.producer({ idempotent: true, transactionalId: topic, maxInFlightRequests: 1 });
    await producer.connect();
    const open = await producer.transaction();
    await open.send({ topic, messages: [{ value: "open" }] });
    await log.append([{ topic, partition: 0, records: [{ key: null, value: "behind" }] }]);
    const reader = log.reader();
    reader.seek(topic, 0, 0);
    const told: string[] = [];
    for (let waits = 0; waits < 40 && told.at(-1)?.startsWith("problem") !== true; waits++) {
      for (const part of await reader.poll(100)) told.push(partText(part));
    }
    await open.abort();
    for (let waits = 0; waits < 40 && told.at(-1) !== "behind"; waits++) {
      for (const part of await reader.poll(100)) told.push(partText(part));
    }
    assertEquals(told.slice(0, 2), ["before", "problem true"]);
    assertEquals(told.slice(2).filter((text) => text !== ""), ["behind"]);
    await producer.disconnect();
    await log.close();
  },
});

function partText({ records, problem }: Fetched): string {
  if (problem !== undefined) return `problem ${problem.includes("holds back 2 offsets")}`;
  return records.map(({ value }) => new TextDecoder().decode(value as Uint8Array)).join();
}
