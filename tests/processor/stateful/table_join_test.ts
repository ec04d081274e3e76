import { assertEquals, assertThrows } from "@std/assert";
import { computeTableJoin } from "../../../src/oracle/table_join_oracle.ts";
import type { JoinedEvent, JoinResult } from "../../../src/oracle/joined_events.ts";
import { TableJoin, type TableJoinSpec } from "../../../src/processor/stateful/table_join.ts";
import { give, type Machine, machine } from "./join_run.ts";
import { type RecordedJoin, recordedJoins, recordedText } from "./recorded_joins.ts";

function specOf({ kind, topology }: RecordedJoin): TableJoinSpec {
  const history = /versioned \((\d+) ms\)/.exec(String(topology.tableStore));
  return {
    kind: kind as "inner" | "left",
    column: "row",
    historyUs: history === null ? null : Number(history[1]) * 1_000,
    graceUs: Number(topology.graceMs ?? 0) * 1_000,
  };
}

const textOf = (result: JoinResult) => recordedText(result, (value) => [value, value.row]);

for (const recorded of await recordedJoins("stream-table")) {
  Deno.test(`TableJoin does what Kafka Streams did, and what comes out from scratch: ${recorded.name}`, () => {
    const run = machine((ports) => new TableJoin(specOf(recorded), ports));
    let open = 0;
    const own = recorded.events.map((one, offset) => {
      give(run, { event: one, offset });
      const results = run.results();
      // Each event of a left join is told once, with a row or without.
      open += (one.input === 0 && one.value !== null ? 1 : 0) - results.length;
      if (recorded.kind === "left") assertEquals(run.operator.waiting, open);
      return results.map(textOf);
    });
    assertEquals(own, recorded.caused);
    assertEquals(own, computeTableJoin(recorded.events, specOf(recorded)).map((step) => step.map(textOf)));
    assertEquals([...run.dropped.values()].reduce((sum, count) => sum + count, 0), recorded.droppedRecords);
  });
}

/** Events of key 1: the stream's, or the table's changes. */
const event = (at: number, n: number): JoinedEvent => ({ input: 0, key: { id: 1 }, value: { n }, timestampUs: at });
const change = (at: number, row: string | null): JoinedEvent => ({
  input: 1,
  key: { id: 1 },
  value: row === null ? null : { row },
  timestampUs: at,
});

function joining(spec: Partial<TableJoinSpec>): Machine {
  return machine((ports) => new TableJoin({ kind: "left", column: "row", historyUs: 50, graceUs: 0, ...spec }, ports));
}

/** The rows with which events are told, `<n>:<row>`, by the event that caused it. */
function told(run: Machine, events: readonly JoinedEvent[]): string[] {
  return events.map((one, offset) => {
    give(run, { event: one, offset });
    return run.results().map(({ value: { n, row } }) => `${n}:${(row as { row: string } | null)?.row ?? null}`).join();
  });
}

Deno.test("TableJoin without history takes the newest row, whatever its time, and none once it is deleted", () => {
  const run = joining({ historyUs: null });
  const events = [event(1, 1), change(10, "a"), event(2, 2), change(5, "b"), event(3, 3), change(6, null), event(9, 4)];
  assertEquals(told(run, events), ["1:null", "", "2:a", "", "3:b", "", "4:null"]);
  assertEquals([...run.operator.elements.keys()], []);
});

Deno.test("TableJoin with history takes the row of the event's time, as far as that reaches", () => {
  const run = joining({});
  assertEquals(
    told(run, [
      change(100, "a"),
      change(120, "b"),
      change(110, null),
      ...[99, 100, 109, 110, 119, 120, 500].map((at) => event(at, at)),
    ]).slice(3),
    ["99:null", "100:a", "109:a", "110:null", "119:null", "120:b", "500:b"],
  );
  assertEquals(told(run, [change(155, "c"), event(105, 105), event(104, 104), change(104, "late")]), [
    "",
    "105:a",
    "104:null",
    "",
  ]);
  assertEquals([...run.dropped], [["late", 1]]);
});

Deno.test("TableJoin forgets rows for which nobody can ask any more, and deleted ones altogether", () => {
  const run = joining({});
  const starts = () => run.operator.elements.of(1).map(({ start }) => start);
  told(run, [change(100, "a"), change(120, "b"), change(130, null), change(169, "c")]);
  assertEquals(starts(), [100, 120, 130, 169]);
  told(run, [change(170, "d")]);
  assertEquals(starts(), [120, 130, 169, 170]);
  told(run, [{ ...change(180, "other"), key: { id: 2 } }]);
  assertEquals(starts(), [169, 170]);
  told(run, [{ ...change(10_000, "other"), key: { id: 2 } }]);
  assertEquals(starts(), [170]);
  told(run, [{ ...change(10_000, null), key: { id: 1 } }, { ...change(10_050, "other"), key: { id: 2 } }]);
  assertEquals(starts(), []);
});

Deno.test("TableJoin with grace lets events wait for rows that come late, and tells them by time", () => {
  const run = joining({ graceUs: 10 });
  assertEquals(
    told(run, [event(100, 1), change(140, "later"), event(95, 2), change(96, "a"), event(110, 3), event(99, 4)]),
    ["", "", "", "", "2:null,1:a", "4:a"],
  );
});

Deno.test("TableJoin keeps an event without a key in a left join, and needs values that are rows", () => {
  const run = joining({});
  give(run, { event: { ...event(5, 7), key: null }, offset: 0 });
  assertEquals(run.results(), [{ key: null, value: { n: 7, row: null }, timestampUs: 5 }]);
  assertThrows(
    () => give(run, { event: { ...event(5, 7), value: "text" }, offset: 0 }),
    TypeError,
    "Cannot add a column to text",
  );
});
