import type { StreamAggregateSpec } from "../../dsl/stream_aggregates.ts";
import type { Row } from "../../record/row.ts";
import { isWholeRow } from "./whole_row.ts";
import { GONE, type StreamTotal, streamTotal } from "./stream_total.ts";

/** The states of all columns in their order: a wire value. */
export type TotalsState = readonly unknown[];

/** Columns by name, of one input. */
type Columns = Readonly<Record<string, StreamAggregateSpec>>;

/** All totals of a stream's groups. Each input adds to the same columns in its own way. */
export class StreamTotals {
  readonly #names: readonly string[];
  /** By input, in the order of the columns. What does not depend on the input is the first one's. */
  readonly #totals: readonly (readonly StreamTotal[])[];
  /** The only total is a row, which is shown by its own columns. */
  readonly #isWholeRow: boolean;

  /** `inputs`: all have the same columns. */
  constructor(inputs: readonly Columns[]) {
    this.#names = Object.keys(inputs[0]);
    this.#totals = inputs.map((columns) => this.#names.map((name) => streamTotal({ name, spec: columns[name] })));
    this.#isWholeRow = isWholeRow(inputs[0]);
  }

  /**
   * The state with an event more; `state` null: that of no events. Null: the group is gone.
   * @throws what a callback throws; TypeError, LimitError for a value that cannot be added
   */
  add(state: TotalsState | null, { input, value }: { readonly input: number; readonly value: unknown }) {
    return present(this.#totals[input].map((total, index) => total.add(state === null ? null : state[index], value)));
  }

  /** The state of the events of both, the earlier ones first. @throws as {@link StreamTotals.add} */
  merge(a: TotalsState, b: TotalsState): TotalsState | null {
    return present(this.#totals[0].map((total, index) => total.merge(a[index], b[index])));
  }

  /** The columns of the result. @throws what a callback throws; LimitError for a total of too many digits */
  row(state: TotalsState): Row {
    const results = this.#totals[0].map((total, index) => total.result(state[index]));
    if (this.#isWholeRow) return results[0] as Row;
    return Object.fromEntries(this.#names.map((name, index) => [name, results[index]]));
  }
}

function present(states: unknown[]): TotalsState | null {
  return states.includes(GONE) ? null : states;
}
