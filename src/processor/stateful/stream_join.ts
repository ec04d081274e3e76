import type { StreamJoinNode } from "../../dsl/stream_nodes.ts";
import type { Row } from "../../record/row.ts";
import { firstFrom } from "../../state/element.ts";
import { type Element, KeyedElements } from "../../state/keyed_elements.ts";
import { columnAdded } from "../column_added.ts";
import { extensible } from "./extensible.ts";
import { InputClocks, type OfKey } from "./input_clocks.ts";
import { type LookedJoin, type SoughtEvent, timeOrNull, valueDigest } from "./sought_event.ts";
import type { Ending, KeyedEvent, KeylessEvent, StatefulOperator, StatefulPorts } from "./stateful.ts";

/** What a join of two streams is made of. */
export type StreamJoinSpec = Pick<StreamJoinNode, "kind" | "beforeUs" | "afterUs" | "graceUs" | "columns">;

/** 0: left, 1: right. */
type Side = 0 | 1;

/** What is kept of an event: the state of its element. */
interface Kept {
  readonly value: unknown;
  /** It has had no partner, and is to be told without one when none can come any more. */
  readonly waits: boolean;
}

/**
 * Join of two streams: each event with those of the other side that have its key and a time near its own.
 *
 * Law: a left event of time t and a right one of time u have a result if t - before <= u <= t + after, whichever comes
 * first, and the one that comes first is still kept when the other one comes. An event is kept until its own side is
 * before + after + grace newer: a side that is behind does not lose the events that it is to be joined with. The time
 * of a result is the later one of both. Results of one event are in the order of its partners' times, of equal ones in
 * their order.
 *
 * An event of a side that a left or outer join preserves, and which has had no partner, is told without one: when
 * stream time is behind the last time that a partner may have and the grace, or at once if it comes after the last time
 * that a partner may have. What is told so comes before the results of the event that moved the time, by time, of one
 * time right ones first and then by key. As the event is kept for longer than that, a late partner may still come: then
 * both are told, as in Kafka Streams.
 *
 * Events without a value are left out, and those without a key have no partner; neither counts for any time.
 */
export class StreamJoin implements StatefulOperator {
  readonly elements: KeyedElements = new KeyedElements();
  readonly ending: Ending = {
    goneFrom: (element) => ({ clock: sideOf(element), atUs: this.#goneFrom(element) }),
    clocksUs: () => [this.#clocks.read(0), this.#clocks.read(1)],
  };
  readonly #ports: StatefulPorts;
  readonly #clocks = new InputClocks(this.elements, (element) => this.#dueBy(element));
  /** By side: how much later than its event a partner may be. */
  readonly #laterUs: readonly [number, number];
  readonly #graceUs: number;
  readonly #keptUs: number;
  /** By side: whether events without a partner are told. */
  readonly #preserved: readonly [boolean, boolean];
  readonly #resultOf: (left: unknown, right: unknown) => Row;
  /** The left value is extended by a column, so it must be a row. */
  readonly #extendsLeft: boolean;
  /** How many of those that are kept wait; null: not counted yet. */
  #waiting: number | null = null;

  constructor({ kind, beforeUs, afterUs, graceUs, columns }: StreamJoinSpec, ports: StatefulPorts) {
    this.#ports = ports;
    this.#laterUs = [afterUs, beforeUs];
    this.#graceUs = graceUs;
    this.#keptUs = beforeUs + afterUs + graceUs;
    this.#preserved = [kind !== "inner", kind === "outer"];
    this.#extendsLeft = columns.left === null;
    this.#resultOf = resultOf(columns);
  }

  take(input: number, event: KeyedEvent): void {
    const side = input as Side;
    if (event.value === null) return this.#ports.onDropped("no value");
    this.pass(side, event);
    this.#check(side, event.value);
    const partners = this.#partnersOf(side, event);
    for (const partner of partners) this.#join({ side, event, partner });
    this.#keep(side, { event, alone: partners.length === 0 });
  }

  takeKeyless(input: number, event: KeylessEvent): void {
    const side = input as Side;
    if (event.value === null) return this.#ports.onDropped("no value");
    if (!this.#preserved[side]) return this.#ports.onDropped("no key");
    this.#check(side, event.value);
    this.#tell({ ...event, key: null, side });
  }

  pass(input: number, event: KeyedEvent): void {
    if (event.value === null) return;
    this.#clocks.advance(input as Side, event.timestampUs);
    this.#expire();
  }

  save(): unknown {
    return this.#clocks.save();
  }

  load(saved: unknown): void {
    this.#clocks.load(saved);
  }

  dueOf(element: Element): number | "drop" {
    const { atUs, clock } = this.#dueBy(element);
    return atUs <= this.#clocks.read(clock) ? "drop" : atUs;
  }

  get waiting(): number {
    return this.#waiting ??= this.elements.count((element) => keptIn(element).waits);
  }

  /**
   * Of two events that are kept, and that nobody had ceased to find yet, the later one has found the earlier one: who
   * is found now was found at any time before.
   */
  look(input: number, { key, timestampUs, digest }: SoughtEvent): LookedJoin {
    const [side, other] = input === 0 ? [0, 1] as const : [1, 0] as const;
    const elements = this.elements.of(key);
    const own = elements.filter((element) =>
      sideOf(element) === side && element.start === timestampUs && valueDigest(keptIn(element).value) === digest
    );
    const isFound = (of: Side, us: number) => us > this.#clocks.read(of) - this.#keptUs;
    const [firstUs, lastUs] = [timestampUs - this.#laterUs[other], timestampUs + this.#laterUs[side]];
    const isKnown = own.length > 0 && isFound(side, timestampUs);
    const partners = !isKnown
      ? []
      : elements.filter((element) =>
        sideOf(element) === other && element.start >= firstUs && element.start <= lastUs &&
        isFound(other, element.start)
      );
    return {
      kind: "streamJoin",
      kept: keptWord(own) ?? (isFound(side, timestampUs) ? "missing" : "gone"),
      partners: partners.map((element) => ({
        timestampUs: element.start,
        digest: valueDigest(keptIn(element).value),
      })),
      isWhole: isKnown && isFound(other, firstUs),
      isPreserved: this.#preserved[side],
      ...{ firstUs, lastUs, waitsUntilUs: lastUs + this.#graceUs },
      streamTimeUs: timeOrNull(this.#clocks.read("stream")),
      keptUntilUs: timestampUs + this.#keptUs,
      ownTimeUs: timeOrNull(this.#clocks.read(side)),
    };
  }

  #dueBy(element: Element): { atUs: number; clock: Side | "stream" } {
    const side = sideOf(element);
    if (!keptIn(element).waits) return { atUs: this.#goneFrom(element), clock: side };
    return { atUs: element.start + this.#laterUs[side] + this.#graceUs + 1, clock: "stream" };
  }

  #expire(): void {
    const due = this.#clocks.due();
    const alone = due.filter(({ element }) => keptIn(element).waits);
    for (const { key, element } of due) {
      if (!keptIn(element).waits) this.elements.forget(key, element);
    }
    alone.sort(rightFirst);
    for (const found of alone) {
      const columns = this.elements.columnsOf(found.key)!;
      this.#settle(found);
      this.#tell({
        key: columns,
        side: sideOf(found.element),
        value: keptIn(found.element).value,
        timestampUs: found.element.start,
      });
    }
  }

  /** Those that are kept and have its key and a time near its own, in their order. A copy. */
  #partnersOf(side: Side, { key, timestampUs }: KeyedEvent): Element[] {
    const other = side === 0 ? 1 : 0;
    const elements = this.elements.of(key);
    const first = Math.max(timestampUs - this.#laterUs[other], this.#clocks.read(other) - this.#keptUs + 1);
    const last = timestampUs + this.#laterUs[side];
    const partners: Element[] = [];
    for (let at = firstFrom(elements, first); at < elements.length && elements[at].start <= last; at++) {
      if (sideOf(elements[at]) === other) partners.push(elements[at]);
    }
    return partners;
  }

  #join({ side, event, partner }: { side: Side; event: KeyedEvent; partner: Element }): void {
    const { value, waits } = keptIn(partner);
    if (waits) this.#settle({ key: event.key, element: partner });
    this.#ports.onPartner?.("joined");
    this.#ports.forward({
      key: event.columns,
      value: side === 0 ? this.#resultOf(event.value, value) : this.#resultOf(value, event.value),
      timestampUs: Math.max(event.timestampUs, partner.start),
    });
  }

  #keep(side: Side, { event, alone }: { event: KeyedEvent; alone: boolean }): void {
    const { key, columns, value, timestampUs } = event;
    const preserved = alone && this.#preserved[side];
    const waits = preserved && timestampUs + this.#laterUs[side] >= this.#clocks.read("stream");
    if (preserved && !waits) this.#tell({ ...event, key: columns, side });
    if (!waits && timestampUs <= this.#clocks.read(side) - this.#keptUs) {
      if (alone && !preserved) this.#ports.onDropped("late", this.#clocks.read(side));
      return;
    }
    const state: Kept = { value, waits };
    const seq = nextSeq(this.elements.of(key), { side, timestampUs });
    const element = { start: timestampUs, end: timestampUs, seq, timestampUs, state, shown: false };
    this.elements.put({ key, columns }, { element, dueUs: this.#dueBy(element).atUs });
    if (waits && this.#waiting !== null) this.#waiting++;
  }

  /**
   * When an event is let go, by its side's time. That is a microsecond later than partners cease to find it: one that
   * waited was told by then, so that from the time alone it is known of each that it is gone.
   */
  #goneFrom({ start }: Pick<Element, "start">): number {
    return start + this.#keptUs + 1;
  }

  /** It waits no more. */
  #settle({ key, element }: OfKey): void {
    if (this.#waiting !== null) this.#waiting--;
    const goneFrom = this.#goneFrom(element);
    const settled: Element = { ...element, state: { ...keptIn(element), waits: false } satisfies Kept };
    this.elements.put({ key, columns: this.elements.columnsOf(key)! }, { element: settled, dueUs: goneFrom });
    // What is durable must say that it waits no more: from then on the time alone tells that it is gone.
    if (goneFrom <= this.#clocks.read(sideOf(element))) this.elements.forget(key, settled);
  }

  /** An event that has no partner. */
  #tell({ key, side, value, timestampUs }: KeylessEvent & { key: Row | null; side: Side }): void {
    const result = side === 0 ? this.#resultOf(value, null) : this.#resultOf(null, value);
    this.#ports.onPartner?.(key === null ? "nullKeys" : "withoutPartner");
    this.#ports.forward({ key, value: result, timestampUs });
  }

  #check(side: Side, value: unknown): void {
    if (side === 0 && this.#extendsLeft) extensible(value);
  }
}

function resultOf({ left, right }: StreamJoinSpec["columns"]): (left: unknown, right: unknown) => Row {
  if (left !== null) return (leftValue, rightValue) => ({ [left]: leftValue, [right]: rightValue });
  return columnAdded(right) as (left: unknown, right: unknown) => Row;
}

/** Of events that nothing tells apart; null: there are none. */
function keptWord(own: readonly Element[]): "waiting" | "settled" | "unlike" | null {
  const waiting = own.filter((element) => keptIn(element).waits).length;
  if (own.length === 0) return null;
  return waiting === own.length ? "waiting" : waiting === 0 ? "settled" : "unlike";
}

function keptIn({ state }: Element): Kept {
  return state as Kept;
}

/** The elements of both sides are among each other; the number tells them apart. */
function sideOf({ seq }: Pick<Element, "seq">): Side {
  return (seq & 1) as Side;
}

function nextSeq(elements: readonly Element[], { side, timestampUs }: { side: Side; timestampUs: number }): number {
  let seq: number = side;
  for (let at = firstFrom(elements, timestampUs); at < elements.length && elements[at].start === timestampUs; at++) {
    if (sideOf(elements[at]) === side) seq = elements[at].seq + 2;
  }
  return seq;
}

/** Of elements in the order of their starts, keys and numbers. */
function rightFirst(a: OfKey, b: OfKey): number {
  return a.element.start - b.element.start || sideOf(b.element) - sideOf(a.element);
}
