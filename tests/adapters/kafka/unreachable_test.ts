import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openKafka } from "../../../src/adapters/kafka/kafka_log.ts";
import type { KafkaOptions, KafkaState } from "../../../src/adapters/kafka/protocol/options.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { freePort } from "../../free_port.ts";

const shortTimes = { connectTimeoutMs: 500, operationTimeoutMs: 600, deliveryTimeoutMs: 600, requestTimeoutMs: 500 };

Deno.test("openKafka() rejects with retriable errors without a broker, and reports the state once", async () => {
  const states: KafkaState[] = [];
  const log = openKafka({
    brokers: [`127.0.0.1:${freePort()}`],
    clientId: "c",
    ...shortTimes,
    onState: (s) => states.push(s),
  });
  const batch = { topic: "t", partition: 0, records: [{ key: "k", value: "v" }] };
  const attempts = [() => log.topics(["t"]), () => log.offsets("t"), () => log.append([batch])];
  const errors = await Promise.all(
    attempts.map((attempt) => assertRejects(attempt, ProductionError, "Cannot reach Kafka")),
  );
  assert(errors.every((error) => error.retriable));
  assertEquals(states.map(({ state }) => state), ["disconnected"]);
  await log.close();
});

Deno.test("openKafka() lets readers and members wait for the broker, and close() ends the waiting", async () => {
  const log = openKafka({ brokers: [`127.0.0.1:${freePort()}`], clientId: "c", ...shortTimes });
  const reader = log.reader();
  reader.seek("t", 0, 0);
  assertEquals(await reader.poll(300), []);
  const joining = log.join({
    group: "g",
    tasks: [{ id: "t-0", partitions: [{ topic: "t", partition: 0 }] }],
    onAssigned: () => {},
    onFailed: () => {},
  });
  const rejected = assertRejects(() => joining, ProductionError, "before the group answered");
  await log.close();
  await rejected;
});

Deno.test("openKafka() says what a listener that hangs up may be waiting for", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hangingUp = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(64)).catch(() => {});
      connection.close();
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  const open = (more: Partial<KafkaOptions>) =>
    openKafka({ brokers: [`127.0.0.1:${port}`], clientId: "c", ...shortTimes, ...more });
  const sasl = { mechanism: "plain", username: "u", password: "very-secret" } as const;
  for (const [more, hint] of [[{}, "no TLS and no SASL"], [{ tls: true, sasl }, "TLS and SASL plain"]] as const) {
    const log = open(more);
    const error = await assertRejects(() => log.topics(["t"]), ProductionError);
    assertStringIncludes(error.message, hint);
    assert(!error.message.includes("very-secret"));
    await log.close();
  }
  listener.close();
  await hangingUp;
});
