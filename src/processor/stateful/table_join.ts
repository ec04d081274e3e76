import type { TableJoinNode } from "../../dsl/stream_nodes.ts";
import type { Row } from "../../record/row.ts";
import { type Element, KeyedElements } from "../../state/keyed_elements.ts";
import { columnAdded } from "../column_added.ts";
import { extensible } from "./extensible.ts";
import { InputClocks } from "./input_clocks.ts";
import { type LookedTableJoin, type SoughtEvent, timeOrNull, valueDigest } from "./sought_event.ts";
import type { KeyedEvent, KeylessEvent, StatefulOperator, StatefulPorts } from "./stateful.ts";
import { TableVersions } from "./table_versions.ts";

/** What a join of a stream with a table is made of. */
export type TableJoinSpec = Pick<TableJoinNode, "kind" | "column" | "historyUs" | "graceUs">;

/**
 * Join of a stream (input 0) with a table, whose changes are input 1: each event with the row of its key.
 *
 * Law: without history it is the row that the table had when the event came, by the order of both in the partition.
 * With history it is the row of the event's time, whenever it came, as far as the table remembers: rows that were
 * replaced longer than the history before the table's newest change are not known any more, the newest of each key
 * always is, and changes that are older than that come too late. Results have the event's time. A change of the table
 * has no result.
 *
 * With a grace events wait until the stream's own time is that much later, so that rows that come late are there; then
 * they are told by time, of one time by key, of one key in their order. An event that comes later than that is told at
 * once, as in Kafka Streams, although its documentation says that it is left out.
 *
 * Events without a value are left out, and those without a key have no row; neither counts for any time.
 */
export class TableJoin implements StatefulOperator {
  readonly elements: KeyedElements = new KeyedElements();
  readonly #ports: StatefulPorts;
  readonly #clocks = new InputClocks(this.elements, (element) => this.#dueBy(element));
  readonly #table: TableVersions;
  readonly #inner: boolean;
  readonly #isOfItsTime: boolean;
  /** How many events wait; null: not counted yet. */
  #waiting: number | null = null;
  readonly #graceUs: number;
  readonly #withRow: (value: Row, row: Row | null) => Row;

  constructor({ kind, column, historyUs, graceUs }: TableJoinSpec, ports: StatefulPorts) {
    this.#ports = ports;
    this.#table = new TableVersions(this.elements, historyUs);
    this.#inner = kind === "inner";
    this.#isOfItsTime = historyUs !== null;
    this.#graceUs = graceUs;
    this.#withRow = columnAdded(column);
  }

  take(input: number, event: KeyedEvent): void {
    if (input === 1) this.#change(event);
    else this.#event(event);
  }

  takeKeyless(input: number, { value, timestampUs }: KeylessEvent): void {
    if (value === null) return this.#ports.onDropped("no value");
    if (input === 1 || this.#inner) return this.#ports.onDropped("no key");
    const result = this.#withRow(extensible(value), null);
    this.#ports.onPartner?.("nullKeys");
    this.#ports.forward({ key: null, value: result, timestampUs });
  }

  pass(input: number, event: KeyedEvent): void {
    if (input === 0 && event.value === null) return;
    this.#clocks.advance(input as 0 | 1, event.timestampUs);
    this.#release();
  }

  save(): unknown {
    return this.#clocks.save();
  }

  load(saved: unknown): void {
    this.#clocks.load(saved);
  }

  dueOf(element: Element): number | "drop" | null {
    if (TableVersions.is(element)) return this.#table.dueOf(element);
    const { atUs } = this.#dueBy(element);
    return atUs <= this.#clocks.read(0) ? "drop" : atUs;
  }

  get waiting(): number {
    if (this.#graceUs === 0) return 0;
    return this.#waiting ??= this.elements.count((element) => !TableVersions.is(element));
  }

  /** Of a change of the table nothing is told. */
  look(input: number, { key, timestampUs, digest }: SoughtEvent): LookedTableJoin | null {
    if (input === 1) return null;
    const waits = this.elements.of(key).some((element) =>
      !TableVersions.is(element) && element.start === timestampUs && valueDigest(element.state) === digest
    );
    const row = this.#table.find(key, { asOfUs: timestampUs, newestUs: this.#clocks.read(1) });
    return {
      kind: "tableJoin",
      waitsUntilUs: waits ? timestampUs + this.#graceUs : null,
      streamTimeUs: timeOrNull(this.#clocks.read(0)),
      ...{ row, isMatched: row !== null },
      isOfItsTime: this.#isOfItsTime,
    };
  }

  #dueBy(element: Element): { atUs: number; clock: 0 | 1 } {
    if (TableVersions.is(element)) return { atUs: this.#table.dueOf(element)!, clock: 1 };
    return { atUs: element.start + this.#graceUs, clock: 0 };
  }

  #change(event: KeyedEvent): void {
    this.pass(1, event);
    const change = { ...event, row: event.value as Row | null };
    if (!this.#table.put(change, this.#clocks.read(1))) return this.#ports.onDropped("late", this.#clocks.read(1));
    this.#release();
  }

  #event(event: KeyedEvent): void {
    if (event.value === null) return this.#ports.onDropped("no value");
    this.pass(0, event);
    const value = extensible(event.value);
    const { key, columns, timestampUs } = event;
    if (this.#graceUs === 0 || timestampUs < this.#clocks.read(0) - this.#graceUs) return this.#tell(event);
    const seq = nextSeq(this.elements.of(key), timestampUs);
    const element = { start: timestampUs, end: timestampUs, seq, timestampUs, state: value, shown: false };
    this.elements.put({ key, columns }, { element, dueUs: timestampUs + this.#graceUs });
    if (this.#waiting !== null) this.#waiting++;
    this.#release();
  }

  /** Tells the events that have waited long enough; forgets the rows for which nobody can ask any more. */
  #release(): void {
    for (const { key, element } of this.#clocks.due()) {
      if (!this.elements.holds(key, element)) continue;
      if (TableVersions.is(element)) {
        this.#table.age(key, element);
        continue;
      }
      const { state: value, timestampUs } = element;
      this.#tell({ key, columns: this.elements.columnsOf(key)!, value, timestampUs });
      this.elements.drop(key, element);
      if (this.#waiting !== null) this.#waiting--;
    }
  }

  #tell({ key, columns, value, timestampUs }: KeyedEvent): void {
    const row = this.#table.find(key, { asOfUs: timestampUs, newestUs: this.#clocks.read(1) });
    this.#ports.onPartner?.(row === null ? "withoutPartner" : "joined");
    if (row === null && this.#inner) return;
    this.#ports.forward({ key: columns, value: this.#withRow(value as Row, row), timestampUs });
  }
}

/** Events that wait are beside the rows, which have the number 0. */
function nextSeq(elements: readonly Element[], startUs: number): number {
  return elements.reduce((seq, element) => element.start === startUs ? Math.max(seq, element.seq) : seq, 0) + 1;
}
