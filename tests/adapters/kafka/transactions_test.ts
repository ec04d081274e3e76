import { assertEquals } from "@std/assert";
import kafkajs from "kafkajs";
import { openKafka } from "../../../src/adapters/kafka/kafka_log.ts";
import { brokers } from "./real_broker.ts";

Deno.test({
  name: `Reader.poll() gives committed transactions alone${brokers.length > 0 ? "" : " (needs WEIR_TEST_KAFKA)"}`,
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
