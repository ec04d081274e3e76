import type { AggregateSpec, FoldSpec } from "../dsl/aggregate_spec.ts";
import type { FoldingSpec, NewestSpec, StreamAggregateSpec } from "../dsl/stream_aggregates.ts";
import type { StreamAggregateNode } from "../dsl/stream_nodes.ts";
import type { Row } from "../record/row.ts";
import { objectionTo, total } from "./totals.ts";

/** An event of a group. */
export interface GroupedEvent {
  /** Which of the aggregate's inputs it comes from. */
  readonly input: number;
  /** The columns of its group. */
  readonly columns: Row;
  readonly value: unknown;
  /** Microseconds since the epoch. */
  readonly timestampUs: number;
}

/** What is in one window. Its totals are computed of the events; where their order counts, one after the other. */
export interface Content {
  readonly events: GroupedEvent[];
  /** States of the columns that are folded in the order of events. */
  readonly states: Readonly<Record<string, unknown>>;
}

/** Columns of which the order of events, or of the sessions that they connect, decides. */
type Ordered = FoldingSpec | FoldSpec | NewestSpec;

/** What an aggregate over a stream makes of events, in the plainest way. */
export class StreamFold {
  readonly #sides: readonly Readonly<Record<string, StreamAggregateSpec>>[];

  constructor({ sides }: StreamAggregateNode) {
    this.#sides = sides.map(({ aggregates }) => aggregates);
  }

  /** Whether an event can add nothing, whatever is there already. */
  isRefused({ input, value }: GroupedEvent): boolean {
    try {
      return Object.values(this.#sides[input]).some((spec) => {
        if (spec.kind === "newest") return typeof value !== "object" || Array.isArray(value);
        return spec.kind !== "folding" && objectionTo(spec, value as Row) !== null;
      });
    } catch {
      return true;
    }
  }

  /** With an event more, which becomes part of it; null: folding gives none. @throws what a callback throws */
  add(content: Content | null, event: GroupedEvent): Content | null {
    const states: Record<string, unknown> = {};
    for (const [name, spec] of this.#ordered()) {
      const own = this.#sides[event.input][name] as Ordered;
      const known = content !== null && name in content.states;
      if (own.kind === "folding") {
        const first = (spec as FoldingSpec).empty;
        states[name] = own.add(known ? copy(content.states[name]) : first(), event.value);
        if (states[name] === null) return null;
      } else if (own.kind === "newest") {
        if (event.value === null) return null;
        states[name] = event.value;
      } else states[name] = known ? own.add(copy(content.states[name]), event.value) : event.value;
    }
    const events = content?.events ?? [];
    events.push(event);
    return { events, states };
  }

  /** The earlier of two contents, and the later one. @throws what a callback throws */
  merge(a: Content, b: Content): Content | null {
    const states: Record<string, unknown> = {};
    for (const [name, spec] of this.#ordered()) {
      const { merge } = spec as Exclude<Ordered, NewestSpec>;
      states[name] = merge!(copy(a.states[name]), copy(b.states[name]));
      if (states[name] === null) return null;
    }
    return { events: [...a.events, ...b.events], states };
  }

  /** The totals. @throws LimitError | TypeError | RangeError for one that is no value, and what a callback throws */
  totals({ events, states }: Content): Row {
    const totals = Object.entries(this.#sides[0]).map(([name, spec]) => {
      if (spec.kind === "folding") return [name, spec.result === null ? states[name] : spec.result(copy(states[name]))];
      if (spec.kind === "reduce" || spec.kind === "newest") return [name, states[name]];
      return [name, total(this.#ofEvents(name, spec), events as unknown as Row[])];
    });
    const [row] = Object.entries(this.#sides[0]).filter(([, { kind }]) => kind === "reduce" || kind === "newest");
    return row === undefined ? Object.fromEntries(totals) : states[row[0]] as Row;
  }

  #ordered(): [string, Ordered][] {
    return Object.entries(this.#sides[0]).filter((column): column is [string, Ordered] =>
      ["folding", "reduce", "newest"].includes(column[1].kind)
    );
  }

  /** The aggregate of a column over events of all inputs: each contributes what its own input says. */
  #ofEvents(name: string, spec: AggregateSpec): AggregateSpec {
    const own = (of: "value" | "by") => ({ input, value }: GroupedEvent) =>
      (this.#sides[input][name] as unknown as Record<string, (value: unknown) => unknown>)[of](value);
    if (spec.value === null) return spec;
    return "by" in spec ? { ...spec, value: own("value"), by: own("by") } : { ...spec, value: own("value") };
  }
}

/** Callbacks may change a state in its place. */
function copy(state: unknown): unknown {
  if (Array.isArray(state)) return state.map(copy);
  if (typeof state !== "object" || state === null || Object.getPrototypeOf(state) !== Object.prototype) return state;
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, copy(value)]));
}
