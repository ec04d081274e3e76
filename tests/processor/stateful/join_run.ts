import type { StatefulOperator, StatefulPorts } from "../../../src/processor/stateful/stateful.ts";
import { type JoinedEvent, joinKeyText, type JoinResult } from "../../../src/oracle/joined_events.ts";
import { parseKeyText } from "../../../src/record/key.ts";

/** A machine, and what it has forwarded and left out since the last look. */
export interface Machine {
  readonly operator: StatefulOperator;
  readonly results: () => JoinResult[];
  readonly dropped: Map<string, number>;
}

/** Makes a machine that is told nothing yet. */
export function machine(make: (ports: StatefulPorts) => StatefulOperator): Machine {
  let results: JoinResult[] = [];
  const dropped = new Map<string, number>();
  const operator = make({
    forward: (result) => void results.push(result as JoinResult),
    onDropped: (reason) => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1),
  });
  return {
    operator,
    results: () => {
      const taken = results;
      results = [];
      return taken;
    },
    dropped,
  };
}

/** The value of an event that is none: the wall clock has come to its time. */
export const WALL_CLOCK: unique symbol = Symbol("wall clock");

/** Gives a machine an event as a stage does. `offset`: where it stands in the partition. */
export function give({ operator }: Machine, { event, offset }: { event: JoinedEvent; offset: number }): void {
  const { input, key: columns, value, timestampUs } = event;
  if (value === WALL_CLOCK) return operator.wallClock!(timestampUs);
  if (columns === null) return operator.takeKeyless!(input, { value, timestampUs });
  const key = parseKeyText(joinKeyText(columns));
  if (offset < operator.elements.positionOf(key)) operator.pass(input, { key, columns, value, timestampUs });
  else operator.take(input, { key, columns, value, timestampUs });
}
