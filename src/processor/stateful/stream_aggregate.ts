import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { type Element, KeyedElements } from "../../state/keyed_elements.ts";
import { sessionWindows } from "./session_windows.ts";
import { slidingWindows } from "./sliding_windows.ts";
import { type HeldBack, type LookedWindows, type SoughtEvent, timeOrNull } from "./sought_event.ts";
import type { KeyedEvent, StatefulOperator, StatefulPorts, WhenIdle } from "./stateful.ts";
import { StreamTotals, type TotalsState } from "./stream_totals.ts";
import { timeWindows } from "./time_windows.ts";
import { isWholeRow } from "./whole_row.ts";
import { NO_END, wholeWindow } from "./whole_window.ts";
import { keepsNewest, newestEvent } from "./newest_event.ts";
import type { Step, WindowKind } from "./window_kind.ts";

/** What of a node is needed to show its results. */
type Results = Pick<StreamAggregateNode, "sides" | "window">;

/** The machine of an aggregate over a stream. */
export function streamAggregate(node: StreamAggregateNode, ports: StatefulPorts): StatefulOperator {
  return new StreamAggregate(node, ports);
}

/**
 * The row that an element is shown as: the columns of its key, of its window if there are any, and its totals.
 * @throws TypeError for a column of the group that a total or the window has, too; what {@link StreamTotals.row} throws
 */
export function resultRows(node: Results): (columns: Row, element: Element) => Row {
  const totals = new StreamTotals(node.sides.map(({ aggregates }) => aggregates));
  const key = resultKeys(node);
  const whole = isWholeRow(node.sides[0].aggregates);
  return (columns, element) => {
    const row = totals.row(element.state as TotalsState);
    if (whole) return { ...row, ...key(columns, element) };
    for (const column of Object.keys(columns)) if (column in row) throw taken(column);
    return { ...key(columns, element), ...row };
  };
}

/** The key of the row that an element is shown as. @throws TypeError for a column of the group that the window has */
function resultKeys(
  { window }: Pick<Results, "window">,
): (columns: Row, window: Pick<Element, "start" | "end">) => Row {
  if (window === null) return (columns) => columns;
  return (columns, { start, end }) => {
    for (const column of ["window_start", "window_end"]) if (column in columns) throw taken(column);
    return { ...columns, window_start: start, window_end: end };
  };
}

function taken(column: string): TypeError {
  return new TypeError(
    `Cannot show "${column}" twice: it is a column of the group, and of its window or its totals. Give the group's ` +
      "column another name",
  );
}

class StreamAggregate implements StatefulOperator {
  readonly elements = new KeyedElements();
  readonly #ports: StatefulPorts;
  readonly #windows: WindowKind;
  readonly #emit: "update" | "close";
  readonly #idleUs: number | undefined;
  readonly #isSession: boolean;
  readonly #rowOf: (columns: Row, element: Element) => Row;
  readonly #keyOf: (columns: Row, window: Pick<Element, "start" | "end">) => Row;
  /** The greatest time of all events. */
  #streamTimeUs = -Infinity;

  constructor(node: StreamAggregateNode, ports: StatefulPorts) {
    this.#ports = ports;
    this.#emit = node.emit;
    this.#idleUs = node.window?.idleUs;
    this.#isSession = node.window?.kind === "session";
    this.#windows = windowKindOf(node);
    this.#rowOf = resultRows(node);
    this.#keyOf = resultKeys(node);
  }

  take(input: number, event: KeyedEvent): void {
    const { key, value, timestampUs } = event;
    this.#streamTimeUs = Math.max(this.#streamTimeUs, timestampUs);
    try {
      const steps = this.#windows.steps(this.elements.of(key), {
        input,
        value,
        timestampUs,
        streamTimeUs: this.#streamTimeUs,
      });
      if (typeof steps === "string") this.#ports.onDropped(steps, this.#streamTimeUs);
      else this.#apply(event, steps.map((step) => this.#changeOf(event, step)));
    } finally {
      this.#close();
    }
  }

  pass(_: number, { timestampUs }: KeyedEvent): void {
    this.#streamTimeUs = Math.max(this.#streamTimeUs, timestampUs);
    this.#close();
  }

  look(_: number, { key, timestampUs }: SoughtEvent): LookedWindows {
    const { holding, takesUntil, closesAt } = this.#windows;
    const takenUntilUs = takesUntil(timestampUs);
    return {
      kind: "streamAggregate",
      streamTimeUs: timeOrNull(this.#streamTimeUs),
      takenUntilUs: takenUntilUs === "early" ? null : takenUntilUs,
      isEarly: takenUntilUs === "early",
      windows: holding(this.elements.of(key), timestampUs).flatMap(({ start, end }) => {
        const closesAtUs = closesAt({ start, end, seq: 0 });
        return closesAtUs === null ? [] : [{ start, end, closesAtUs }];
      }),
      isToldOnClose: this.#emit === "close",
    };
  }

  heldBack(key: Key, start: number): HeldBack | null {
    const found = this.#emit === "update" ? undefined : this.elements.find(key, { start, seq: 0 });
    const untilUs = found === undefined || found.shown ? null : this.#windows.closesAt(found);
    return untilUs === null ? null : { untilUs, streamTimeUs: timeOrNull(this.#streamTimeUs), isGone: false };
  }

  get whenIdle(): WhenIdle | null {
    if (this.#idleUs === undefined) return null;
    const toUs = this.elements.lastDueUs;
    return toUs === null || toUs <= this.#streamTimeUs ? null : { afterUs: this.#idleUs, toUs };
  }

  get changesAtUs(): number | undefined {
    return this.#isSession ? this.#streamTimeUs : undefined;
  }

  save(): unknown {
    return this.#streamTimeUs === -Infinity ? null : this.#streamTimeUs;
  }

  load(saved: unknown): void {
    this.#streamTimeUs = saved === null ? -Infinity : saved as number;
  }

  dueOf(element: Element): number | null | "drop" {
    const closesAt = this.#windows.closesAt(element);
    // What closes now must still be told, if it was not.
    const told = element.seq > 0 || element.shown;
    return told && closesAt !== null && closesAt <= this.#streamTimeUs ? "drop" : closesAt;
  }

  /** All that may throw is done before anything is changed. */
  #changeOf({ columns }: KeyedEvent, step: Step): Change {
    const { start, end, seq, timestampUs, state } = step;
    if (state === null) return { step, element: null, row: null };
    const element = { start, end, seq, timestampUs, state, shown: seq === 0 && this.#emit === "update" };
    return { step, element, row: seq === 0 ? this.#rowOf(columns, element) : null };
  }

  #apply({ key, columns }: KeyedEvent, changes: readonly Change[]): void {
    for (const { step, element, row } of changes) {
      if (element !== null) {
        this.elements.put({ key, columns }, { element, dueUs: this.#windows.closesAt(element) });
      } else if (step.before !== null) {
        // Also of one that nobody has seen: that this event is in there must not be forgotten.
        this.elements.remove(key, step.before);
      }
      if (step.seq > 0 || this.#emit === "close") continue;
      this.#ports.forward({ key: this.#keyOf(columns, step), value: row, timestampUs: step.timestampUs });
    }
  }

  #close(): void {
    for (const { key, element } of this.elements.due(this.#streamTimeUs)) {
      if (element.seq > 0) this.elements.drop(key, element);
      else if (element.shown) this.elements.forget(key, element);
      else this.#tell({ key, columns: this.elements.columnsOf(key)! }, element);
    }
  }

  /** The result of a window that closes. */
  #tell(of: Pick<KeyedEvent, "key" | "columns">, open: Element): void {
    const element = { ...open, shown: true };
    const { timestampUs } = element;
    this.elements.put(of, { element, dueUs: null });
    this.elements.forget(of.key, element);
    this.#ports.forward({
      key: this.#keyOf(of.columns, element),
      value: this.#rowOf(of.columns, element),
      timestampUs,
    });
  }
}

interface Change {
  readonly step: Step;
  readonly element: Element | null;
  readonly row: Row | null;
}

/** How the events of a group are divided. */
export function windowKindOf({ sides, window }: Results): WindowKind {
  const totals = new StreamTotals(sides.map(({ aggregates }) => aggregates));
  if (keepsNewest({ sides })) return newestEvent(totals);
  switch (window?.kind) {
    case undefined:
      return wholeWindow({ startUs: -Infinity, borders: [0, 0] }, totals);
    case "time":
      return timeWindows(window, totals);
    case "sliding":
      return slidingWindows(window, totals);
    case "session":
      return sessionWindows(window, totals);
    case "unlimited":
      return wholeWindow({ startUs: window.startUs, borders: [window.startUs, NO_END] }, totals);
  }
}
