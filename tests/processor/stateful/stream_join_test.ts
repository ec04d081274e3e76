import { assertEquals, assertThrows } from "@std/assert";
import { computeStreamJoin } from "../../../src/oracle/stream_join_oracle.ts";
import type { JoinedEvent, JoinResult } from "../../../src/oracle/joined_events.ts";
import { StreamJoin, type StreamJoinSpec } from "../../../src/processor/stateful/stream_join.ts";
import { give, type Machine, machine } from "./join_run.ts";
import { type RecordedJoin, recordedJoins, recordedText } from "./recorded_joins.ts";

function specOf({ kind, topology }: RecordedJoin): StreamJoinSpec {
  return {
    kind,
    beforeUs: Number(topology.beforeMs) * 1_000,
    afterUs: Number(topology.afterMs) * 1_000,
    graceUs: Number(topology.graceMs) * 1_000,
    columns: { left: "left", right: "right" },
  };
}

const textOf = (result: JoinResult) => recordedText(result, ({ left, right }) => [left, right]);

type Columns = StreamJoinSpec["columns"];

/** Of a join of 10 before and after and a grace of 5, all of them microseconds. */
function joining(kind: StreamJoinSpec["kind"], { columns = { left: "l", right: "r" } as Columns } = {}): Machine {
  return machine((ports) => new StreamJoin({ kind, beforeUs: 10, afterUs: 10, graceUs: 5, columns }, ports));
}

const event = (input: 0 | 1, [key, value, timestampUs]: [string | null, unknown, number]): JoinedEvent => ({
  input,
  key: key === null ? null : { key },
  value,
  timestampUs,
});

/** What each event causes. */
function caused(run: Machine, events: readonly JoinedEvent[]): (readonly [unknown, unknown, number])[][] {
  return events.map((one, offset) => {
    give(run, { event: one, offset });
    return run.results().map(({ value: { l, r }, timestampUs }) => [l, r, timestampUs] as const);
  });
}

for (const recorded of await recordedJoins("stream-stream")) {
  Deno.test(`StreamJoin does what Kafka Streams did: ${recorded.name}`, () => {
    const run = machine((ports) => new StreamJoin(specOf(recorded), ports));
    const own = recorded.events.map((one, offset) => {
      give(run, { event: one, offset });
      return run.results().map(textOf);
    });
    // Results with both sides exactly where they came; those without a partner, which Kafka Streams may tell late, too.
    const both = (texts: readonly (readonly string[])[]) => texts.map((step) => step.filter((text) => !isAlone(text)));
    assertEquals(both(own), both(recorded.caused));
    assertEquals(own.flat().sort(), recorded.caused.flat().sort());
    if (recorded.kind === "inner") assertEquals(own, recorded.caused);
    assertEquals((run.dropped.get("no value") ?? 0) + (run.dropped.get("no key") ?? 0), recorded.droppedRecords);
  });

  Deno.test(`StreamJoin does what comes out from scratch: ${recorded.name}`, () => {
    const run = machine((ports) => new StreamJoin(specOf(recorded), ports));
    const own = recorded.events.map((one, offset) => {
      give(run, { event: one, offset });
      return run.results().map(textOf);
    });
    assertEquals(own, computeStreamJoin(recorded.events, specOf(recorded)).map((step) => step.map(textOf)));
  });
}

function isAlone(text: string): boolean {
  const [, value] = JSON.parse(text) as [unknown, string];
  return value.startsWith("null-") || value.endsWith("-null");
}

Deno.test("StreamJoin puts the right event under its column of the left one, or both under columns", () => {
  const added = joining("left", { columns: { left: null, right: "payment" } });
  give(added, { event: event(0, ["a", { id: 1 }, 100]), offset: 0 });
  give(added, { event: event(1, ["a", "cash", 105]), offset: 1 });
  give(added, { event: event(0, [null, { id: 2 }, 90]), offset: 2 });
  assertEquals(added.results(), [
    { key: { key: "a" }, value: { id: 1, payment: "cash" }, timestampUs: 105 },
    { key: null, value: { id: 2, payment: null }, timestampUs: 90 },
  ]);
  assertThrows(
    () => give(added, { event: event(0, ["a", "text", 110]), offset: 3 }),
    TypeError,
    "Cannot add a column to text",
  );
  assertThrows(
    () => give(added, { event: event(0, ["a", [1], 110]), offset: 4 }),
    TypeError,
    "Cannot add a column to an array",
  );
  give(added, { event: event(1, ["a", "late", 111]), offset: 5 });
  assertEquals(added.results().map(({ value }) => value), [], "what throws is not kept, and the one of 100 is too old");
});

Deno.test("StreamJoin joins an event with all partners of its window, both ends included, in the order of time", () => {
  const events = [
    event(0, ["a", "early", 89]),
    event(0, ["a", "second", 100]),
    event(0, ["a", "first", 90]),
    event(0, ["b", "other", 100]),
    event(0, ["a", "last", 110]),
    event(1, ["a", "right", 100]),
  ];
  assertEquals(caused(joining("inner"), events).at(-1), [
    ["first", "right", 100],
    ["second", "right", 100],
    ["last", "right", 110],
  ]);
});

Deno.test("StreamJoin of a stream with itself: each pair of near events in both orders, and each with itself", () => {
  const events = [1, 2].flatMap((at) => [event(0, ["a", at, at]), event(1, ["a", at, at])]);
  assertEquals(caused(joining("inner"), events), [[], [[1, 1, 1]], [[2, 1, 2]], [[1, 2, 2], [2, 2, 2]]]);
});

Deno.test("StreamJoin tells an event without a partner once window and grace are over, right ones first", () => {
  const run = joining("outer");
  const events = [
    event(0, ["b", "left b", 100]),
    event(1, ["a", "right a", 100]),
    event(0, ["c", "left c", 101]),
    event(0, ["z", "tick", 115]),
    event(1, ["c", "partner", 105]),
    event(0, ["z", "tock", 116]),
    event(0, ["z", "end", 300]),
  ];
  assertEquals(caused(run, events), [
    [],
    [],
    [],
    [],
    [["left c", "partner", 105]],
    [[null, "right a", 100], ["left b", null, 100]],
    [["tick", null, 115], ["tock", null, 116]],
  ]);
});

Deno.test("StreamJoin lets an event go when its own side is so much newer, and stream time alone does not", () => {
  const run = joining("inner");
  give(run, { event: event(0, ["a", "kept", 100]), offset: 0 });
  give(run, { event: event(1, ["b", "far ahead", 900]), offset: 1 });
  assertEquals(caused(run, [event(1, ["a", "late", 95])]), [[["kept", "late", 100]]]);
  give(run, { event: event(0, ["b", "moves on", 125]), offset: 3 });
  assertEquals(caused(run, [event(1, ["a", "later", 95])]), [[]]);
  give(run, { event: event(0, ["b", "moves on", 126]), offset: 5 });
  assertEquals(run.operator.elements.of(`"a"`), [], "late and later come behind all that their own side keeps");
  assertEquals(run.operator.elements.of(`"b"`).length, 3);
});

Deno.test("StreamJoin counts what is left out", () => {
  const run = joining("inner");
  give(run, { event: event(0, ["a", null, 100]), offset: 0 });
  give(run, { event: event(0, [null, "no key", 100]), offset: 1 });
  give(run, { event: event(0, ["a", "new", 1_000]), offset: 2 });
  give(run, { event: event(0, ["a", "old", 975]), offset: 3 });
  assertEquals([...run.dropped], [["no value", 1], ["no key", 1], ["late", 1]]);
});
