import { assertEquals } from "@std/assert";
import type { AppendBatch, Log } from "../../../src/ports/log.ts";
import { MessageProducer } from "../../../src/runtime/delivery/message_producer.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";

Deno.test("MessageProducer counts bytes of UTF-8, for its limit and for its appends", async () => {
  const appends: number[] = [];
  const append = (batches: readonly AppendBatch[]) => {
    appends.push(batches.reduce((sum, { records }) => sum + records.length, 0));
    return Promise.resolve([]);
  };
  const producer = new MessageProducer({
    log: { append } as unknown as Log,
    clock: createManualClock(),
    onLost: (_, error) => {
      throw error;
    },
    divide: () => null,
    onAppended() {},
    onState() {},
  });
  const enqueue = (text: string) => producer.enqueue({ topic: "inbox", partition: 0, text, task: "things-0" });
  enqueue("a");
  enqueue("é");
  enqueue("€");
  assertEquals(producer.queuedBytes, 6);
  await producer.idle();
  // Each is above half of an append in bytes, and below it in characters.
  enqueue("€".repeat(1_000_000));
  enqueue("€".repeat(1_000_000));
  await producer.idle();
  assertEquals(producer.queuedBytes, 0);
  assertEquals(appends, [3, 1, 1]);
});
