import { assertEquals } from "@std/assert";
import { heldDigest } from "../../../src/runtime/conversation/asking.ts";
import { Server } from "../../../src/runtime/conversation/server.ts";
import { decodeInbox, encodePack } from "../../../src/runtime/conversation/inbox_record.ts";
import { HEAD_END } from "../../../src/runtime/conversation/messages.ts";
import type { WireValue } from "../../../src/runtime/conversation/messages.ts";
import { Chores } from "../../../src/state/chores.ts";
import { SlotTable } from "../../../src/state/slot_table.ts";
import { NO_SLOT } from "../../../src/state/slots.ts";

/** The value as whoever takes it reads it. */
function textOf({ head, text }: WireValue): string {
  const record = decodeInbox(encodePack({ from: "a@0", epoch: 1, seq: 1, messages: `${head}1,${text}${HEAD_END}` }));
  const [message] = record.kind === "pack" ? record.messages : [];
  return message.type === "value" ? JSON.stringify(message.value) : "";
}

Deno.test("Server.forget() voids a home's subscriptions at once, and tidies them up in slices", () => {
  const told: string[] = [];
  const chores = new Chores();
  const entries = new SlotTable();
  const server = new Server({
    plan: { name: "join", step: 0, home: 0 },
    entries,
    bytesMax: 1_000,
    chores,
    onError: (error) => {
      throw error;
    },
  }, (home, key, wire) => told.push(`${home} ${key} ${textOf(wire)}`));
  const keys = Array.from({ length: 100 }, (_, key) => key);
  for (const key of keys) for (const home of [3, 4]) if (home === 4 || key % 2 === 0) server.subscribe(home, key);
  const entry = entries.add(2);
  server.tell(entry, { name: "a" });
  assertEquals(told.splice(0), ['3 2 {"name":"a"}', '4 2 {"name":"a"}']);

  server.forget(4);
  server.forget(3);
  server.tell(entry, { name: "b" });
  assertEquals(told.splice(0), []);
  server.subscribe(4, 2);
  server.subscribe(4, 2);
  server.answer(4, 2, { entry, value: { name: "b" }, held: null });
  server.tell(entry, { name: "c" });
  assertEquals(told.splice(0), ['4 2 {"name":"b"}', '4 2 {"name":"c"}']);

  let steps = -1;
  for (; !chores.empty; steps++) chores.run(1);
  assertEquals([...server.keys()], [2]);
  assertEquals(steps, 6, "one walk is enough for both");
  server.tellAbsent(2);
  assertEquals(told.splice(0), ["4 2 null"]);
  server.unsubscribe(4, 2);
  assertEquals([...server.keys()], []);
});

Deno.test("Server.answer() says nothing to a home that holds the value, and tells others who do not", () => {
  const told: string[] = [];
  const entries = new SlotTable();
  const server = new Server({
    plan: { name: "join", step: 0, home: 0 },
    entries,
    bytesMax: 1_000,
    chores: new Chores(),
    onError: (error) => {
      throw error;
    },
  }, (home, key, wire) => told.push(`${home} ${key} ${textOf(wire)}`));
  const entry = entries.add(2);
  const [value, held] = [{ name: "a" }, heldDigest({ name: "a" })];
  for (const home of [3, 4]) server.subscribe(home, 2);
  assertEquals([server.answer(3, 2, { entry, value, held }), told.splice(0)], [true, ['4 2 {"name":"a"}']]);
  assertEquals([server.answer(3, 2, { entry, value, held }), told.splice(0)], [true, []]);
  assertEquals([server.answer(3, 2, { entry, value, held: 1 }), told.splice(0)], [false, ['3 2 {"name":"a"}']]);
  server.subscribe(3, 5);
  const [large, five] = [{ name: "x".repeat(2_000) }, entries.add(5)];
  const known = { entry: five, value: large, held: heldDigest(large) };
  assertEquals([server.answer(3, 5, known), server.hasTold(five, known.held)], [true, true], "it is not even encoded");
  assertEquals([server.answer(3, 9, { entry: NO_SLOT, value: null, held: 0 }), told.splice(0)], [true, []]);
  assertEquals([server.answer(3, 9, { entry: NO_SLOT, value: null, held }), told.splice(0)], [false, ["3 9 null"]]);
});
