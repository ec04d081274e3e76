import { assertEquals, assertThrows } from "@std/assert";
import { count } from "../../../src/dsl/aggregates.ts";
import type { StreamAggregateNode } from "../../../src/dsl/stream_nodes.ts";
import { unlimited, Windows } from "../../../src/dsl/windows.ts";
import { resultRows } from "../../../src/processor/stateful/stream_aggregate.ts";
import { streamAggregateRows } from "../../../src/oracle/stream_aggregate_oracle.ts";
import { choicesOf } from "../../oracle/random.ts";
import { eachSeed } from "../../state/each_seed.ts";
import { CrashingRun, type Subject, undisturbed } from "./crashing_run.ts";
import { rowTexts } from "./durable_elements.ts";
import { type Arrived, Machine, nodeOf } from "./machine.ts";
import { randomEvents, randomNode } from "./random_aggregate.ts";

const SEEDS = Number(Deno.env.get("WEIR_SEEDS") ?? 300);

function subjectOf(node: StreamAggregateNode): Subject {
  return { machine: () => new Machine(node), rowOf: resultRows(node) };
}

function oracleRows(node: StreamAggregateNode, events: readonly Arrived[]): string[] {
  return rowTexts(streamAggregateRows(
    node,
    events.map(({ input = 0, group, value, at }) => ({ input, columns: { group }, value, timestampUs: at })),
  ));
}

Deno.test("streamAggregate() shows what the oracle computes from scratch, whatever the windows", () => {
  eachSeed(SEEDS, (seed) => {
    const choices = choicesOf(seed);
    const node = randomNode(choices);
    const events = randomEvents(node, choices);
    assertEquals(
      undisturbed(subjectOf(node), events).shown,
      oracleRows(node, events),
      JSON.stringify([node.window, node.emit]),
    );
  });
});

Deno.test("streamAggregate() keeps, shows and forwards the same whatever crashes, and whatever was durable", () => {
  eachSeed(SEEDS, (seed) => {
    const choices = choicesOf(seed);
    const node = randomNode(choices);
    const events = randomEvents(node, choices);
    const { caused, kept, shown } = undisturbed(subjectOf(node), events);
    const crashed = new CrashingRun(subjectOf(node), events, { choices }).all(caused);
    assertEquals(crashed, { kept, shown }, JSON.stringify([node.window, node.emit]));
  });
});

Deno.test("streamAggregate() drops what was read back and is closed, unless nobody was told of it", () => {
  const windows = new Windows({ kind: "time", sizeUs: 10, advanceUs: 10, graceUs: 5 });
  const element = { start: 0, end: 10, seq: 0, timestampUs: 3, state: [1], shown: false };
  for (const emit of ["update", "close"] as const) {
    const { operator } = new Machine(nodeOf({ inputs: [{ count: count() }], windows, emit }));
    operator.load(14);
    assertEquals(operator.dueOf({ ...element, shown: true }), 15);
    operator.load(15);
    assertEquals(operator.dueOf({ ...element, shown: true }), "drop");
    assertEquals(operator.dueOf(element), 15);
  }
});

Deno.test("streamAggregate() refuses a group whose column the window or a total has, and keeps nothing of it", () => {
  const machine = new Machine(nodeOf({ inputs: [{ group: count() }] }));
  assertThrows(() => machine.take({ group: "a", value: 1, at: 1 }), TypeError, 'Cannot show "group" twice');
  assertEquals(machine.operator.elements.takeChanges(), []);
});

Deno.test("streamAggregate() counts what is left out: late events, and those before all windows", () => {
  const tumbling = new Windows({ kind: "time", sizeUs: 10, advanceUs: 10, graceUs: 0 });
  const late = new Machine(nodeOf({ inputs: [{ count: count() }], windows: tumbling }));
  for (const at of [25, 19, 20]) late.take({ group: "a", value: 1, at });
  assertEquals(late.dropped, ["late"]);
  const early = new Machine(nodeOf({ inputs: [{ count: count() }], windows: unlimited(100) }));
  for (const at of [99, 100]) early.take({ group: "a", value: 1, at });
  assertEquals(early.dropped, ["early"]);
});

Deno.test("streamAggregate() of sessions: one that comes to begin as a closed one did takes its row", () => {
  const windows = new Windows({ kind: "session", gapUs: 5, graceUs: 0 });
  const node = nodeOf({ inputs: [{ count: count() }], windows });
  const events = ([["a", 97], ["a", 100], ["a", 103], ["b", 109], ["a", 108], ["a", 103], ["a", 98]] as const)
    .map(([group, at]) => ({ group, value: 1, at }));
  const closed = { count: 3, group: "a", window_start: 97, window_end: 103 };
  const other = { count: 1, group: "b", window_start: 109, window_end: 109 };
  const rows = (given: readonly Arrived[]) => ({
    machine: undisturbed(subjectOf(node), given).shown,
    oracle: oracleRows(node, given),
  });
  const both = rowTexts([closed, { count: 3, group: "a", window_start: 98, window_end: 108 }, other]);
  assertEquals(rows(events), { machine: both, oracle: both });
  const one = rowTexts([{ count: 4, group: "a", window_start: 97, window_end: 108 }, other]);
  assertEquals(rows([...events, { group: "a", value: 1, at: 97 }]), { machine: one, oracle: one });
});
