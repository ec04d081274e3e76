import { Buffer } from "node:buffer";
import type { SuppressNode } from "../../dsl/stream_nodes.ts";
import { LimitError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { encodeWire } from "../../record/wire.ts";
import { type Element, KeyedElements } from "../../state/keyed_elements.ts";
import { type HeldBack, timeOrNull } from "./sought_event.ts";
import { type KeyedEvent, type StatefulOperator, type StatefulPorts, WAITING_MAX, type WhenIdle } from "./stateful.ts";
import { windowKindOf } from "./stream_aggregate.ts";

/** A change as it comes: where its window begins and ends (0 without windows), and the row; null: it is gone. */
export type TableChange = readonly [start: number, end: number, row: Row | null];

/** What is kept of a row, by the numbers of its elements. */
const [RESULT, MARK, CHANGE] = [0, 1, 2];

/** The state of a mark: that a change waits. `n`: a number that no other change ever has that waits. */
type Mark = readonly [n: number, end: number, bytes: number];

/**
 * The change that waits. `gone`: the end of the window with which the row may have been told, if it was gone since.
 * `told`: whether anybody may have been told of the row.
 */
type Change = readonly [n: number, end: number, row: Row | null, gone: number | null, told: 0 | 1];

/** What a suppression is made of. */
export type SuppressSpec = Pick<SuppressNode, "name" | "of" | "spec">;

/**
 * Kafka Streams' `suppress`: changes of a table wait, and of several of one row the last is told.
 *
 * Law: what is told, and when, is a function of the changes in their order. It depends on how much waits of all keys.
 * So that a change waits is an element by itself, the mark: known as of the position of the whole task, where the
 * elements of some keys may be ahead, and moved on by every event, also by those that are in these elements already.
 */
export class Suppress implements StatefulOperator {
  readonly elements: KeyedElements = new KeyedElements();
  readonly #spec: SuppressSpec;
  readonly #ports: Pick<StatefulPorts, "forward">;
  readonly #closesAt: (end: number) => number;
  /** Whether what has waited can be told by its time alone: all changes of a row wait for the same time. */
  readonly #endsByTime: boolean;
  #streamTimeUs = -Infinity;
  #nextN = 1;
  /** Of all that waits; null: not counted yet. */
  #waiting: { records: number; bytes: number } | null = null;

  constructor(spec: SuppressSpec, ports: Pick<StatefulPorts, "forward">) {
    this.#spec = spec;
    this.#ports = ports;
    const windows = windowKindOf(spec.of);
    this.#endsByTime = spec.spec.until.kind === "close" && spec.of.window?.kind !== "session";
    this.#closesAt = (end) => windows.closesAt({ start: end, end, seq: 0 }) ?? Infinity;
  }

  take(_: number, event: KeyedEvent): void {
    this.#keep(event, this.#mark(event));
    this.#tellAll();
  }

  pass(_: number, event: KeyedEvent): void {
    if (event.value === null) this.#streamTimeUs = Math.max(this.#streamTimeUs, event.timestampUs);
    else this.#mark(event);
    this.#tellAll();
  }

  save(): unknown {
    if (this.#streamTimeUs === -Infinity) return null;
    return [this.#streamTimeUs, this.#nextN];
  }

  load(saved: unknown): void {
    if (saved === null) return;
    [this.#streamTimeUs, this.#nextN] = saved as [number, number];
  }

  dueOf({ seq, timestampUs, state }: Element): number | null | "drop" {
    if (seq === RESULT) return "drop";
    const [, end] = state as Mark | Change;
    if (this.#endsByTime && this.#isClosed(end)) return "drop";
    return seq === MARK ? this.#dueOf({ end, atUs: timestampUs }) : null;
  }

  isNeededAtHead(element: Pick<Element, "seq">): boolean {
    return isMark(element);
  }

  /**
   * Whatever waits is marked, and nothing else. That is so, unless it was declared otherwise how changes wait while a
   * former owner was writing: then what was told before its end is not what is told here.
   */
  caughtUp(): void {
    for (const key of [...this.elements.keys()]) {
      for (const { start } of [...this.elements.of(key)]) this.#repair(key, start);
    }
  }

  #repair(key: Key, start: number): void {
    const mark = this.#elementOf(key, { start, seq: MARK });
    const change = this.#elementOf(key, { start, seq: CHANGE });
    const [n, end, row] = change?.state as Change | undefined ?? [];
    const [known, , before] = mark?.state as Mark | undefined ?? [undefined, 0, 0];
    if (n === known) return;
    const columns = this.elements.columnsOf(key)!;
    this.#counted().records += (n === undefined ? 0 : 1) - (known === undefined ? 0 : 1);
    this.#counted().bytes -= before;
    if (n === undefined) return this.elements.remove(key, mark!);
    const bytes = Buffer.byteLength(encodeWire([columns, row]));
    this.#counted().bytes += bytes;
    const { timestampUs } = mark ?? change!;
    const element = { start, end: start, seq: MARK, timestampUs, state: [n, end, bytes], shown: false };
    this.elements.put({ key, columns }, { element, dueUs: this.#dueOf({ end: end!, atUs: timestampUs }) });
  }

  heldBack(key: Key, start: number): HeldBack | null {
    const mark = this.#elementOf(key, { start, seq: MARK });
    const change = this.#elementOf(key, { start, seq: CHANGE });
    if (mark === undefined || change === undefined) return null;
    const [n, end] = mark.state as Mark;
    const [known, , row] = change.state as Change;
    // Elements that are ahead know already that it was told.
    if (known !== n) return null;
    const untilUs = this.#dueOf({ end, atUs: mark.timestampUs });
    return { untilUs, streamTimeUs: timeOrNull(this.#streamTimeUs), isGone: row === null };
  }

  get waiting(): number {
    return this.#counted().records;
  }

  get whenIdle(): WhenIdle | null {
    const { idleUs } = this.#spec.spec;
    const toUs = idleUs === undefined ? null : this.elements.lastDueUs;
    return toUs === null ? null : { afterUs: idleUs!, toUs };
  }

  /** A change of the row waits, from now on or already. */
  #mark({ key, columns, value, timestampUs }: KeyedEvent): Element {
    const [start, end, row] = value as TableChange;
    this.#streamTimeUs = Math.max(this.#streamTimeUs, timestampUs);
    const waiting = this.#counted();
    const known = this.#elementOf(key, { start, seq: MARK });
    const [n, , before] = known === undefined ? [this.#nextN++, end, 0] as const : known.state as Mark;
    const bytes = Buffer.byteLength(encodeWire([columns, row]));
    const atUs = known?.timestampUs ?? this.#beginOf({ row, timestampUs });
    const mark = { start, end: start, seq: MARK, timestampUs: atUs, state: [n, end, bytes], shown: false };
    this.elements.put({ key, columns }, { element: mark, dueUs: this.#dueOf({ end, atUs }) });
    if (known === undefined) waiting.records++;
    waiting.bytes += bytes - before;
    return mark;
  }

  /** How much waits, kept from here on. */
  #counted(): { records: number; bytes: number } {
    if (this.#waiting !== null) return this.#waiting;
    const marks = [...this.elements.keys()].flatMap((key) => this.elements.of(key).filter(({ seq }) => seq === MARK));
    const bytes = marks.reduce((sum, { state }) => sum + (state as Mark)[2], 0);
    return this.#waiting = { records: marks.length, bytes };
  }

  /** A session that grows is gone, as of its former end, and there again at once: it waits as of now. */
  #beginOf({ row, timestampUs }: { readonly row: Row | null; readonly timestampUs: number }): number {
    return row === null && this.#spec.of.window?.kind === "session" ? this.#streamTimeUs : timestampUs;
  }

  #dueOf({ end, atUs }: { readonly end: number; readonly atUs: number }): number {
    const { until } = this.#spec.spec;
    return until.kind === "limit" ? atUs + until.limitUs : this.#closesAt(end);
  }

  #isClosed(end: number): boolean {
    return this.#closesAt(end) <= this.#streamTimeUs;
  }

  #keep({ key, columns, value, timestampUs }: KeyedEvent, { start, state }: Element): void {
    const [, end, row] = value as TableChange;
    const [n] = state as Mark;
    const known = this.#elementOf(key, { start, seq: CHANGE })?.state as Change | undefined;
    const first = known?.[0] === n ? known : null;
    const gone = first === null ? (row === null ? end : null) : first[3];
    // A window that has closed may have been told, also if nobody here knows.
    const isTold = this.#spec.spec.until.kind === "limit" || this.#isClosed(end);
    const told = first === null ? (isTold ? 1 : 0) : first[4];
    const change: Change = [n, end, row, gone, told];
    const element = { start, end: start, seq: CHANGE, timestampUs, state: change, shown: false };
    this.elements.put({ key, columns }, { element, dueUs: null });
  }

  #elementOf(key: Key, { start, seq }: Pick<Element, "start" | "seq">): Element | undefined {
    return this.elements.of(key).find((element) => element.start === start && element.seq === seq);
  }

  /** What is due, and then, while too much waits, what is due first. @throws LimitError */
  #tellAll(): void {
    for (const { key, element } of this.elements.due(this.#streamTimeUs)) this.#tell(key, element);
    while (this.#isFull()) {
      if (this.#spec.spec.whenFull === "stop") throw this.#full();
      const { key, element } = this.elements.firstDue!;
      this.#tell(key, element);
    }
  }

  #isFull(): boolean {
    const { recordsMax, bytesMax } = this.#spec.spec;
    const { records, bytes } = this.#counted();
    return (recordsMax !== null && records > recordsMax) || (bytesMax !== null && bytes > bytesMax);
  }

  #tell(key: Key, mark: Element): void {
    const columns = this.elements.columnsOf(key)!;
    const [n, , bytes] = mark.state as Mark;
    const waiting = this.#elementOf(key, { start: mark.start, seq: CHANGE });
    const counted = this.#counted();
    this.#end(key, mark);
    counted.records--;
    counted.bytes -= bytes;
    // Elements that are ahead know already that it was told.
    if (waiting === undefined || (waiting.state as Change)[0] !== n) return;
    this.#end(key, waiting);
    this.#forward({ key, columns }, waiting);
  }

  /** It waits no more. Where no time says so, a fact must, for ever: a former owner may write later that it does. */
  #end(key: Key, element: Element): void {
    if (this.#endsByTime) this.elements.drop(key, element);
    else this.elements.remove(key, element);
  }

  #forward({ key, columns }: Pick<KeyedEvent, "key" | "columns">, { start, timestampUs, state }: Element): void {
    const [, end, row, gone, told] = state as Change;
    if (row === null && told === 0) return;
    const result = { start, end: start, seq: RESULT, timestampUs, state: [row], shown: row !== null };
    this.elements.put({ key, columns }, { element: result, dueUs: null });
    // Nothing here depends on it any more; readers do.
    if (row === null) this.elements.remove(key, result);
    else this.elements.forget(key, result);
    const keyOf = (end: number) =>
      this.#spec.of.window === null ? columns : { ...columns, window_start: start, window_end: end };
    const former = told === 1 && gone !== null && (row === null || gone !== end) ? gone : null;
    if (former !== null) this.#ports.forward({ key: keyOf(former), value: null, timestampUs });
    if (row !== null || former === null) this.#ports.forward({ key: keyOf(end), value: row, timestampUs });
  }

  #full(): LimitError {
    const { name, spec: { recordsMax, bytesMax } } = this.#spec;
    const { records, bytes } = this.#counted();
    return new LimitError(
      WAITING_MAX,
      `Cannot let another change of "${name}" wait: current values are ${records} of ` +
        `${recordsMax ?? "any number of"} rows and ${bytes} of ${bytesMax ?? "any number of"} bytes in this ` +
        'partition. Nothing is lost: raise maxRecords or maxBytes, or leave them out, or say whenFull: "emit" for a ' +
        "time limit, and start again",
    );
  }
}

/** Whether an element says that a change waits. */
export function isMark({ seq }: Pick<Element, "seq">): boolean {
  return seq === MARK;
}
