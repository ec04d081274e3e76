import { assert, assertEquals } from "@std/assert";
import { createJsonOutput } from "../../../src/cli/start/json_output.ts";
import { eventOf } from "../../../src/cli/start/run_events.ts";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";

const example: DeadLetter = {
  topology: "sales",
  stage: "callback",
  reason: "callback_threw",
  operator: "items.mapValues",
  error: 'Cannot evaluate "items.mapValues" for key 17: no kind\n\x1b[31mred',
  topic: "store.public.items",
  partition: 3,
  offset: 1234,
  occasion: null,
  key: '{"id":17}',
  record: '{"id":17}',
  stack: "at kindOf (topologies/sales.ts:12:34)\nat topologies/sales.ts:20:5",
  task: "items-3",
  epoch: 5,
  subject: "17",
  timestampMs: 0,
};

Deno.test("eventOf() tells a dead letter with its example and what to do, in one line", () => {
  const first = eventOf("sales", { kind: "letters", letters: 1, example, more: false });
  const rest =
    '"items.mapValues" for {"id":17} (store.public.items/3@1234), callback callback_threw: no kind [31mred ' +
    "at kindOf (topologies/sales.ts:12:34). List them with deno task dlq --topology sales";
  assertEquals([first.level, first.text], ["warn", `sales: dead letter at ${rest}`]);
  const more = eventOf("sales", { kind: "letters", letters: 1_234, example, more: true });
  assertEquals(more.text, `sales: 1,234 more dead letters, the last at ${rest}`);
  const start = {
    ...example,
    topic: null,
    partition: null,
    offset: null,
    key: null,
    stack: null,
    error: "e".repeat(300),
  };
  assertEquals(
    eventOf("sales", { kind: "letters", letters: 1, example: start, more: false }).text,
    `sales: dead letter at "items.mapValues", callback callback_threw: ${"e".repeat(200)}.... ` +
      "List them with deno task dlq --topology sales",
  );
  const elsewhere = eventOf("sales", { kind: "letters", letters: 1, example, more: false }, { data: "/tmp/other" });
  assert(elsewhere.text.endsWith("List them with deno task dlq --data /tmp/other --topology sales"), elsewhere.text);
});

Deno.test("createJsonOutput() prints dead letters with their fields", () => {
  const lines: string[] = [];
  createJsonOutput("info", (line) => lines.push(line)).event(
    eventOf("sales", { kind: "letters", letters: 7, example, more: true }),
  );
  const { time: _, message: __, ...fields } = JSON.parse(lines[0]);
  assertEquals(fields, {
    level: "warn",
    event: "dead letters",
    topology: "sales",
    stage: "callback",
    reason: "callback_threw",
    letters: 7,
    operator: "items.mapValues",
    key: '{"id":17}',
    error: example.error,
    topic: "store.public.items",
    partition: 3,
    offset: 1234,
    place: "at kindOf (topologies/sales.ts:12:34)",
  });
});

Deno.test("eventOf() says why a topology holds a table that others of its process hold, too", () => {
  const event = eventOf("sales", { kind: "own table", table: "products", reason: "it begins elsewhere now" });
  assertEquals([event.level, event.text], [
    "info",
    'sales reads and holds table "products" once more, beside other topologies: it begins elsewhere now',
  ]);
});

Deno.test("eventOf() tells tasks that start without their snapshots in one line", () => {
  const text = (tasks: readonly string[]) =>
    eventOf("sales", { kind: "snapshot ignored", tasks, reason: "it is of another program" }).text;
  assertEquals(text(["items-0"]), 'sales starts task "items-0" without its snapshot: it is of another program');
  assertEquals(text(["items-0", "items-1"]), "sales starts 2 tasks without their snapshots: it is of another program");
});
