import type { StreamAggregate } from "../../../src/dsl/stream_aggregates.ts";
import type { StreamAggregateNode } from "../../../src/dsl/stream_nodes.ts";
import type { Windows } from "../../../src/dsl/windows.ts";
import { streamAggregate } from "../../../src/processor/stateful/stream_aggregate.ts";
import type { StatefulOperator, StatefulPorts } from "../../../src/processor/stateful/stateful.ts";
import { keyOf } from "../../../src/record/key.ts";
import type { Row } from "../../../src/record/row.ts";

/** What is aggregated, as a topology declares it. */
export interface Aggregated {
  /** By column, for each input. */
  readonly inputs: readonly Readonly<Record<string, StreamAggregate<never, unknown>>>[];
  readonly windows?: Windows<string> | Windows<never>;
  readonly emit?: "update" | "close";
}

export function nodeOf({ inputs, windows, emit = "update" }: Aggregated): StreamAggregateNode {
  return {
    op: "streamAggregate",
    id: 0,
    name: "aggregated",
    inputs: inputs.map((_, index) => index),
    sides: inputs.map((aggregates) => ({
      groupBy: () => null,
      aggregates: Object.fromEntries(Object.entries(aggregates).map(([column, { spec }]) => [column, spec])),
    })),
    window: windows?.spec ?? null,
    emit,
  };
}

/** What was forwarded. */
export interface Forwarded {
  readonly key: Row;
  readonly value: Row | null;
  readonly timestampUs: number;
}

/** A machine, and what it forwarded and left out. */
export class Machine {
  readonly operator: StatefulOperator;
  readonly forwarded: Forwarded[] = [];
  readonly dropped: string[] = [];

  /** Of an aggregate, or of another operator. */
  constructor(of: StreamAggregateNode | ((ports: StatefulPorts) => StatefulOperator)) {
    const make = typeof of === "function" ? of : (ports: StatefulPorts) => streamAggregate(of, ports);
    this.operator = make({
      forward: (result) => this.forwarded.push(result as Forwarded),
      onDropped: (reason) => this.dropped.push(reason),
    });
  }

  /** What an event causes. */
  take(event: Arrived): Forwarded[] {
    this.operator.take(event.input ?? 0, keyed(event));
    return this.forwarded.splice(0);
  }
}

/** An event of one input, the first one by default. */
export interface Arrived {
  readonly input?: number;
  readonly group: unknown;
  readonly value: unknown;
  readonly at: number;
}

export function keyed({ group, value, at }: Arrived) {
  return { key: keyOf([group]), columns: { group }, value, timestampUs: at };
}
