import { assertEquals } from "@std/assert";
import type { AppendBatch, Log } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
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

Deno.test("MessageProducer.forget() throws away what waits, and losing the rest restarts nobody", async () => {
  const gate = Promise.withResolvers<void>();
  const appended: unknown[] = [];
  const lost: string[][] = [];
  const producer = new MessageProducer({
    log: {
      async append(batches: readonly AppendBatch[]) {
        await gate.promise;
        appended.push(...batches.flatMap(({ records }) => records.map(({ value }) => value)));
        throw new ProductionError("refused", { retriable: false });
      },
    } as unknown as Log,
    clock: createManualClock(),
    onLost: (tasks) => void lost.push([...tasks]),
    divide: () => null,
    onAppended() {},
    onState() {},
  });
  const enqueue = (text: string, task: string) => producer.enqueue({ topic: "inbox", partition: 0, text, task });
  enqueue("a1", "a-0");
  enqueue("b1", "b-0");
  await Promise.resolve();
  enqueue("a2", "a-0");
  enqueue("b2", "b-0");
  producer.forget("a-0");
  assertEquals(producer.queuedBytes, 6);
  gate.resolve();
  await producer.idle();
  assertEquals([appended, lost, producer.queuedBytes], [["a1", "b1", "b2"], [["b-0"], ["b-0"]], 0]);
});
