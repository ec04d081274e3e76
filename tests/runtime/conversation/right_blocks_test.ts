import { assertEquals } from "@std/assert";
import { UNKNOWN } from "../../../src/record/row.ts";
import type { Key } from "../../../src/record/key.ts";
import { heldDigest } from "../../../src/runtime/conversation/asking.ts";
import { divideRecord } from "../../../src/runtime/conversation/divide_record.ts";
import { decodeInbox, encodePack } from "../../../src/runtime/conversation/inbox_record.ts";
import { encodeMessage, HEAD_END, type Message } from "../../../src/runtime/conversation/messages.ts";
import { BLOCK_KEYS_MAX, RightBlocks } from "../../../src/runtime/conversation/right_blocks.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { AskedRights } from "../../../src/state/right_store.ts";
import { SlotTable } from "../../../src/state/slot_table.ts";
import type { Slot } from "../../../src/state/slots.ts";

const JOIN = "of_order";

/** Right rows as a snapshot holds them, and the blocks in which they are asked about. */
function openBlocks(keys: readonly Key[]) {
  const sent: { readonly partition: number; readonly message: Message }[] = [];
  const left = new SlotTable();
  const store = new AskedRights(left, { ask: () => UNKNOWN, hurry() {}, leave() {} });
  const rights = keys.map((key): Slot => {
    store.use(left.add(key), key);
    const right = store.keys.find(key);
    store.answer(right, { of: String(key) });
    return right;
  });
  for (const _ of store.restored());
  const blocks = new RightBlocks({
    store,
    join: JOIN,
    table: 3,
    send: ({ partition }, message) => sent.push({ partition, message }),
  });
  return { blocks, store, left, rights, sent };
}

const digestOf = (key: Key) => heldDigest({ of: String(key) });

/** A message as its receiver reads it. */
function received(message: Message): Message {
  const { head, body } = encodeMessage(message);
  const messages = head === null ? body : `${head}${body}${HEAD_END}`;
  const record = decodeInbox(encodePack({ from: "items@0", epoch: 7, seq: 1, messages }));
  return record.kind === "pack" ? record.messages[0] : message;
}

Deno.test("RightBlocks asks each server about many right rows at once, with the digest of what is held", () => {
  const keys = Array.from({ length: BLOCK_KEYS_MAX + 3 }, (_, key) => key);
  const { blocks, rights, sent } = openBlocks([...keys, '"a"']);
  keys.forEach((key) => blocks.ask(4, rights[key]));
  assertEquals(sent.length, 1, "a full block does not wait");
  blocks.ask(5, rights.at(-1)!);
  blocks.flush();
  blocks.flush();
  assertEquals(sent.map(({ partition, message }) => [partition, received(message)]), [
    [4, {
      type: "block",
      join: JOIN,
      block: 0,
      keys: keys.slice(0, BLOCK_KEYS_MAX),
      held: keys.slice(0, BLOCK_KEYS_MAX).map(digestOf),
    }],
    [4, { type: "block", join: JOIN, block: 1, keys: keys.slice(-3), held: keys.slice(-3).map(digestOf) }],
    [5, { type: "block", join: JOIN, block: 2, keys: ['"a"'], held: [digestOf('"a"')] }],
  ]);
  assertEquals([...blocks.answered(1, [1])], [rights[BLOCK_KEYS_MAX], rights[BLOCK_KEYS_MAX + 2]]);
  assertEquals([...blocks.answered(1, [])], [], "a block is answered once");
});

Deno.test("RightBlocks asks alone about a long key, and for a right row of which nothing is held", () => {
  const long = JSON.stringify("x".repeat(300));
  const { blocks, store, left, rights, sent } = openBlocks([long]);
  store.use(left.add(2), 2);
  blocks.ask(0, rights[0]);
  blocks.ask(0, store.keys.find(2));
  blocks.flush();
  assertEquals(sent.map(({ message }) => message), [
    { type: "resubscribe", join: JOIN, key: long, held: digestOf(long) },
    { type: "subscribe", join: JOIN, key: 2 },
  ]);
});

Deno.test("RightBlocks leaves out what was left before the block is sent, also if it came back", () => {
  const { blocks, store, left, rights, sent } = openBlocks([1, 2, 3]);
  for (const right of rights) blocks.ask(0, right);
  for (const key of [1, 2]) {
    store.release(left.find(key));
    store.drop(rights[key - 1]);
  }
  store.use(left.find(2), 2);
  blocks.flush();
  assertEquals(sent.map(({ message }) => message.type === "block" && message.keys), [[3]]);
});

Deno.test("RightBlocks forgets what a server was asked that has started again", () => {
  const { blocks, rights, sent } = openBlocks([1, 2, 3]);
  blocks.ask(0, rights[0]);
  blocks.ask(1, rights[1]);
  blocks.flush();
  blocks.ask(0, rights[2]);
  blocks.forget(0);
  blocks.flush();
  assertEquals(sent.map(({ partition }) => partition), [0, 1]);
  assertEquals([[...blocks.answered(0, [])], [...blocks.answered(1, [])]], [[], [rights[1]]]);
});

Deno.test("a block's answer comes back as it was sent", () => {
  const answer: Message = { type: "confirmed", join: 'a "b"', to: 2 ** 41 + 5, block: 3, except: [0, 255] };
  assertEquals(received(answer), answer);
  assertEquals(received({ ...answer, except: [] }), { ...answer, except: [] });
});

Deno.test("divideRecord() asks for a block's right rows one by one: half a block has no answer", () => {
  const { body } = encodeMessage({ type: "block", join: JOIN, block: 0, keys: [1, '"b"', 3], held: [7, 8, 9] });
  const text = encodePack({ from: "items@0", epoch: 7, seq: 4, messages: body });
  const refusal = {
    error: new ProductionError("Cannot append", { retriable: false, reason: "too_large" }),
    onRefused: () => {},
  };
  const messages = divideRecord({ topic: "inbox", text }, refusal)!.flatMap((record) => {
    const read = decodeInbox(record.text);
    return read.kind === "pack" ? read.messages : [];
  });
  assertEquals(messages, [
    { type: "resubscribe", join: JOIN, key: 1, held: 7 },
    { type: "resubscribe", join: JOIN, key: '"b"', held: 8 },
    { type: "resubscribe", join: JOIN, key: 3, held: 9 },
  ]);
});
