import { assertEquals, assertThrows } from "@std/assert";
import { count } from "../../../src/dsl/aggregates.ts";
import type { StreamAggregateNode } from "../../../src/dsl/stream_nodes.ts";
import { unlimited, Windows } from "../../../src/dsl/windows.ts";
import { streamAggregateRows } from "../../../src/oracle/stream_aggregate_oracle.ts";
import type { Key } from "../../../src/record/key.ts";
import { encodeWire } from "../../../src/record/wire.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { eachSeed } from "../../state/each_seed.ts";
import { type Batch, batchOf, DurableElements, keptTexts, rowTexts } from "./durable_elements.ts";
import { type Arrived, keyed, Machine, nodeOf } from "./machine.ts";
import { randomEvents, randomNode } from "./random_aggregate.ts";

const SEEDS = Number(Deno.env.get("WEIR_SEEDS") ?? 300);

/** What an event causes; a refused one nothing but what its time causes. */
function take(machine: Machine, event: Arrived): string[] {
  try {
    machine.take(event).forEach((result) => machine.forwarded.push(result));
  } catch {
    // It is a dead letter.
  }
  return machine.forwarded.splice(0).map((result) => encodeWire(result));
}

function oracleRows(node: StreamAggregateNode, events: readonly Arrived[]): string[] {
  return rowTexts(streamAggregateRows(
    node,
    events.map(({ input = 0, group, value, at }) => ({ input, columns: { group }, value, timestampUs: at })),
  ));
}

/** One run without a crash: what each event caused, what is kept and what is shown at the end. */
function undisturbed(node: StreamAggregateNode, events: readonly Arrived[]) {
  const machine = new Machine(node);
  const durable = new DurableElements();
  const caused = events.map((event, index) => {
    const forwarded = take(machine, event);
    const batch = batchOf(machine.operator, index + 1);
    for (const key of batch.changes.keys()) durable.write(batch, key);
    durable.finish(batch);
    return forwarded;
  });
  return { caused, kept: keptTexts(machine.operator), shown: durable.shown(node) };
}

/** A run that crashes again and again. */
class CrashingRun {
  readonly #node: StreamAggregateNode;
  readonly #events: readonly Arrived[];
  readonly #choices: Choices;
  readonly #durable = new DurableElements();
  /** What is not durable yet, or of some keys alone. */
  #pending: Batch[] = [];
  #machine: Machine;

  constructor(node: StreamAggregateNode, events: readonly Arrived[], { choices }: { readonly choices: Choices }) {
    this.#node = node;
    this.#events = events;
    this.#choices = choices;
    this.#machine = new Machine(node);
  }

  /** `caused`: what each event may cause. */
  all(caused: readonly (readonly string[])[]): { kept: string[]; shown: string[] } {
    let crashes = 4;
    for (let at = 0; at < this.#events.length; at++) {
      const forwarded = this.#event(at);
      assertEquals(caused[at].filter((text) => forwarded.includes(text)), forwarded, `event ${at}`);
      if (this.#choices.chance(0.5)) this.#pending.push(batchOf(this.#machine.operator, at + 1));
      if (this.#choices.chance(0.2)) this.#flush();
      if (crashes > 0 && this.#choices.chance(0.1)) {
        crashes--;
        at = this.#crash() - 1;
      }
    }
    this.#pending.push(batchOf(this.#machine.operator, this.#events.length));
    this.#flush();
    return { kept: keptTexts(this.#machine.operator), shown: this.#durable.shown(this.#node) };
  }

  #event(at: number): string[] {
    const event = this.#events[at];
    const { operator } = this.#machine;
    if (at >= operator.elements.positionOf(keyed(event).key)) return take(this.#machine, event);
    operator.pass(event.input ?? 0, keyed(event));
    return this.#machine.forwarded.splice(0).map((result) => encodeWire(result));
  }

  #flush(): void {
    for (const batch of this.#pending) {
      for (const key of batch.changes.keys()) this.#durable.write(batch, key);
      this.#durable.finish(batch);
    }
    this.#pending = [];
  }

  /** Of each key the changes of some batches are durable, from the first on. Gives where to go on. */
  #crash(): number {
    this.#pending.push(batchOf(this.#machine.operator, this.#events.length));
    const last = this.#pending.pop();
    const written = new Map<Key, number>();
    for (const [index, batch] of this.#pending.entries()) {
      for (const key of batch.changes.keys()) {
        if (!written.has(key)) written.set(key, this.#choices.int(this.#pending.length + 1));
        if (index < written.get(key)!) this.#durable.write(batch, key);
      }
    }
    assertEquals(last?.to, this.#events.length);
    this.#pending = [];
    this.#machine = new Machine(this.#node);
    this.#durable.into(this.#machine.operator);
    return this.#durable.to;
  }
}

Deno.test("streamAggregate() shows what the oracle computes from scratch, whatever the windows", () => {
  eachSeed(SEEDS, (seed) => {
    const choices = choicesOf(seed);
    const node = randomNode(choices);
    const events = randomEvents(node, choices);
    assertEquals(undisturbed(node, events).shown, oracleRows(node, events), JSON.stringify([node.window, node.emit]));
  });
});

Deno.test("streamAggregate() keeps, shows and forwards the same whatever crashes, and whatever was durable", () => {
  eachSeed(SEEDS, (seed) => {
    const choices = choicesOf(seed);
    const node = randomNode(choices);
    const events = randomEvents(node, choices);
    const { caused, kept, shown } = undisturbed(node, events);
    const crashed = new CrashingRun(node, events, { choices }).all(caused);
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
