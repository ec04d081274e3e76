import { assertEquals, assertStringIncludes } from "@std/assert";
import type { AppendBatch, Log } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { Channel } from "../../../src/runtime/conversation/channel.ts";
import { divideRecord } from "../../../src/runtime/conversation/divide_record.ts";
import { decodeInbox } from "../../../src/runtime/conversation/inbox_record.ts";
import type { Message } from "../../../src/runtime/conversation/messages.ts";
import { MessageProducer } from "../../../src/runtime/delivery/message_producer.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";

const PARTITIONS = 2;
/** Text of a batch, which is what a broker limits. */
const BATCH_MAX = 400;

/** A log that takes only batches up to {@link BATCH_MAX}; of an append that fails it may store the others. */
function limitedLog(random: () => number) {
  const stored = Array.from({ length: PARTITIONS }, (): string[] => []);
  let appends = 0;
  const append = (batches: readonly AppendBatch[]) => {
    appends++;
    const store = ({ partition, records }: AppendBatch) =>
      stored[partition].push(...records.map(({ value }) => value as string));
    const tooLarge = batches.filter(({ records }) =>
      records.reduce((sum, { value }) => sum + (value as string).length, 0) > BATCH_MAX
    );
    if (tooLarge.length > 0) {
      if (random() < 0.5) batches.filter((batch) => !tooLarge.includes(batch)).forEach(store);
      const message = "Cannot append: the record is too large";
      return Promise.reject(new ProductionError(message, { retriable: false, reason: "too_large" }));
    }
    batches.forEach(store);
    return Promise.resolve(batches.map(() => 0));
  };
  return { log: { append } as unknown as Log, stored, appends: () => appends };
}

/** A life of one sender: what it sends and what the receivers take of it. */
async function live(seed: number) {
  const random = mulberry32(seed);
  const { log, stored, appends } = limitedLog(random);
  const refused: string[] = [];
  const lost: string[] = [];
  const producer = new MessageProducer({
    log,
    clock: createManualClock(),
    onLost: (tasks) => lost.push(...tasks),
    divide: (record, error) => divideRecord(record, { error, onRefused: ({ key }) => refused.push(key) }),
    onAppended() {},
    onState() {},
  });
  const channel = new Channel({
    task: "shops@0",
    epoch: 5,
    limits: { packLengthMax: 300, messageBytesMax: 100_000 },
    emit: ({ partition }, text) => producer.enqueue({ topic: "inbox", partition, text, task: "shops@0" }),
  });
  const sent = Array.from({ length: PARTITIONS }, (): Message[] => []);
  for (let key = 0; key < 60; key++) {
    const partition = Math.floor(random() * PARTITIONS);
    const length = random() < 0.15 ? 300 + Math.floor(random() * 400) : Math.floor(random() * 60);
    const message: Message = random() < 0.2
      ? { type: "subscribe", join: "shop", key }
      : { type: "value", join: "shop", key, value: random() < 0.1 ? null : { text: "x".repeat(length) } };
    sent[partition].push(message);
    channel.send({ table: 0, partition }, message);
    if (random() < 0.1) channel.flush();
    if (random() < 0.1) await producer.idle();
  }
  channel.flush();
  await producer.idle();
  const receiver = new Channel({
    task: "orders@0",
    epoch: 1,
    limits: { packLengthMax: 1, messageBytesMax: 1 },
    emit() {},
  });
  const taken = stored.map((texts, partition) =>
    texts.flatMap((text): readonly Message[] => {
      const record = decodeInbox(text);
      if (record.kind !== "pack") return [];
      return receiver.accept(`${record.from} ${partition}`, record.epoch, record.seq).fresh ? record.messages : [];
    })
  );
  return { sent, taken, refused, lost, appends: appends(), seq: channel.seq };
}

/** Text of a pack around one message. */
const HEAD = '{"from":"shops@0","epoch":5,"seq":10.123456,"messages":[["V","shop",[10,{"text":""}]]]}'.length;

Deno.test("a log of small records gets every message in order, but values too large even alone", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const { sent, taken, refused, lost, appends } = await live(seed);
    const textOf = (message: Message) =>
      message.type === "value" && message.value !== null ? (message.value.text as string).length : 0;
    const withoutRefused = sent.map((messages) =>
      messages.map((message) =>
        message.type === "value" && refused.includes(String(message.key)) ? { ...message, value: null } : message
      )
    );
    assertEquals(taken, withoutRefused, `seed ${seed}`);
    for (const message of sent.flat()) {
      if (message.type !== "value") continue;
      const length = textOf(message);
      const isRefused = refused.includes(String(message.key));
      // Nothing is refused that would fit; the length of the pack around it is known to a few characters.
      if (length + HEAD < BATCH_MAX - 20) assertEquals(isRefused, false, `seed ${seed}: ${length}`);
      if (length > BATCH_MAX) assertEquals(isRefused, true, `seed ${seed}: ${length}`);
    }
    assertEquals(lost, [], `seed ${seed}`);
    // Halving, not one append for each message.
    assertEquals(appends < 400, true, `seed ${seed}: ${appends} appends`);
  }
});

Deno.test("divideRecord() refuses by name of the topic and the settings, and leaves alone what has no value", () => {
  const errors: string[] = [];
  const refusal = {
    error: new ProductionError("Cannot append", { retriable: false, reason: "too_large" }),
    onRefused: (error: Error) => errors.push(error.message),
  };
  const record = (messages: string) => ({
    topic: "inbox",
    text: `{"from":"a@0","epoch":1,"seq":3,"messages":[${messages}]}`,
  });
  const [absent] = divideRecord(record('["V","shop",["\\"k\\"",{"a":1}]]'), refusal)!;
  assertEquals(decodeInbox(absent.text), {
    kind: "pack",
    from: "a@0",
    epoch: 1,
    seq: 3,
    messages: [{ type: "value", join: "shop", key: '"k"', value: null }],
  });
  assertStringIncludes(
    errors[0],
    '"shop" for key "k": Cannot append. Raise max.message.bytes of topic "inbox"',
  );
  assertEquals(divideRecord(absent, refusal), null);
  assertEquals(divideRecord(record('["S","shop",["\\"k\\""]]'), refusal), null);
  assertEquals(divideRecord({ topic: "inbox", text: '{"hello":"a@0"}' }, refusal), null);
  assertEquals(errors.length, 1);
});
