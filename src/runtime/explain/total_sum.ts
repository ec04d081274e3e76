import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import { resultRows } from "../../processor/stateful/stream_aggregate.ts";
import { StreamTotals, type TotalsState } from "../../processor/stateful/stream_totals.ts";
import { isWholeRow } from "../../processor/stateful/whole_row.ts";
import { MASKED } from "../../record/mask.ts";
import type { Row } from "../../record/row.ts";
import { wireEquals } from "../../record/wire.ts";
import type { TotalProof } from "./explanation.ts";
import type { TotalEvent } from "./total_scan.ts";
import type { TotalWindow } from "./total_window.ts";

/** Totals that do not depend on the order of events. */
const ANY_ORDER: ReadonlySet<string> = new Set(["count", "sum", "avg", "min", "max", "countDistinct", "custom"]);

/** The total of which one does; null if none does. */
export function orderedKind({ sides }: StreamAggregateNode): string | null {
  const kinds = sides.flatMap(({ aggregates }) => Object.values(aggregates).map(({ kind }) => kind));
  return kinds.find((kind) => !ANY_ORDER.has(kind)) ?? null;
}

/** Adds up the events of a total, as its aggregate does, and compares what they make with what it has. */
export class TotalSum {
  readonly #node: StreamAggregateNode;
  readonly #totals: StreamTotals;
  #state: TotalsState | null = null;
  #columns: Row | null = null;

  constructor(node: StreamAggregateNode) {
    this.#node = node;
    this.#totals = new StreamTotals(node.sides.map(({ aggregates }) => aggregates));
  }

  /** False: the aggregate cannot add it, and has set it aside. */
  add({ input, value, columns }: TotalEvent): boolean {
    try {
      this.#state = this.#totals.add(this.#state, { input, value });
      this.#columns = columns;
      return true;
    } catch {
      return false;
    }
  }

  /** Whether it is what the aggregate has; masked columns are not compared. */
  proof(held: Row | null, window: TotalWindow): TotalProof {
    const row = this.#row(window);
    if (held === null) return row === null ? "equal" : this.#node.emit === "close" ? "not compared" : "differs";
    if (row === null) return "differs";
    const columns = Object.keys(held).filter((name) => held[name] !== MASKED && name !== MASKED);
    if (columns.length === 0) return "not compared";
    return columns.every((name) => wireEquals(held[name], row[name])) ? "equal" : "differs";
  }

  #row(window: TotalWindow): Row | null {
    if (this.#state === null || this.#columns === null) return null;
    const element = { ...window.of(this.#columns), seq: 0, timestampUs: 0, state: this.#state, shown: true };
    try {
      return resultRows(this.#node)(this.#columns, element);
    } catch {
      return null;
    }
  }
}

/** What an event adds to each total, by column: 1 to a count; where callbacks fold whole events, the event. */
export function addsOfEvent({ sides }: StreamAggregateNode, { input, value }: TotalEvent): Row {
  const { aggregates } = sides[input];
  const asOne = { value };
  if (isWholeRow(aggregates)) return typeof value === "object" && value !== null ? value as Row : asOne;
  return Object.fromEntries(
    Object.entries(aggregates).map(([name, spec]) => {
      if (spec.kind === "count") return [name, 1];
      return [name, "value" in spec && typeof spec.value === "function" ? spec.value(value as Row) ?? null : value];
    }),
  );
}
