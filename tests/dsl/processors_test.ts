import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { events, int8, sessionStore, store, topology, windowStore } from "../../src/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });

Deno.test("process() is a node with its name, its stores and its callbacks", () => {
  const { streams } = topology("t", (builder) => {
    const on = ({ user_id }: { user_id: unknown }) => ({ user_id });
    builder.stream(clicks).process("sessions", {
      on,
      stores: { last: store<number>(), clicks: windowStore<string>({ retention: { hours: 1 } }) },
      process: () => [1],
      punctuate: () => [2],
    }).process("plain", { on: () => null, process: () => [] }).forEach(() => {});
  });
  const [, sessions, plain] = streams;
  assertEquals(streams.map(({ op, name, inputs }) => `${op} ${name} ${inputs}`), [
    "events clicks ",
    "process sessions 0",
    "process plain 1",
    "peek plain.peek 2",
  ]);
  assertEquals(sessions.op === "process" && sessions.stores, [
    { name: "last", kind: "key-value" },
    { name: "clicks", kind: "window", retentionUs: 3_600_000_000 },
  ]);
  assertEquals(sessions.op === "process" && sessions.groupBy({ user_id: 7 }, null, null as never), { user_id: 7 });
  assertEquals(plain.op === "process" && [plain.stores, plain.punctuate, plain.punctuateWallClock], [[], null, null]);
});

Deno.test("topology() tells what is wrong with processors", () => {
  const { problems } = assertThrows(() =>
    topology("t", (builder) => {
      const one = { on: () => ({ a: 1 }), process: () => [] };
      builder.stream(clicks).process("a b", one);
      builder.stream(clicks).process("twice", one);
      builder.stream(clicks).process("twice", one).forEach(() => {});
    })
  ) as Error & { problems: readonly string[] };
  assertEquals(problems, [
    'Cannot use "a b" as a processor\'s name: it names a topic. Use letters, digits, "-" and "_"',
    'Two operators are named "twice". Give one of the processors another name',
  ]);
});

Deno.test("windowStore() and sessionStore() keep for more than nothing", () => {
  assertThrows(() => windowStore({ retention: { minutes: 0 } }), TypeError, 'Cannot keep a window for {"minutes":0}');
  assertThrows(() => sessionStore({ retention: { seconds: -1 } }), TypeError, "as a duration");
});
