import type { WrittenChange } from "../../dsl/table_changes.ts";
import { changedRowDigest } from "../../record/changed_row.ts";
import { generationOf } from "../../record/epoch.ts";
import type { Row } from "../../record/row.ts";
import { type SavedOrder, WriterOrder } from "../../record/writer_order.ts";
import { type Element, KeyedElements } from "../../state/keyed_elements.ts";
import { WINDOW_END } from "./result_of.ts";
import type { KeyedEvent, StatefulOperator, StatefulPorts } from "./stateful.ts";

/** What was told of a key last: in which generation, of which row, under which columns. */
type Told = readonly [generation: number, digest: number, key: Row];

/** The only element of a key. */
const BORDERS = { start: 0, end: 0, seq: 0 };

/**
 * The changes of a table, each once, of what its tasks have written to a compacted topic: see `WriterOrder` for what
 * comes late.
 *
 * Law: of each key the row forwarded last is that of the last record which did not come late, and no two forwarded one
 * after the other are equal; one that is gone is forwarded as null if it was there. A record that says once more what
 * was told (a start that did not know, an answer to what came late) is none. So it does not matter which records
 * compaction has removed, as long as of each key the last one is there.
 */
export class TableChanges implements StatefulOperator {
  readonly elements = new KeyedElements();
  readonly #ports: Pick<StatefulPorts, "forward" | "onDropped">;
  readonly #order = new WriterOrder();

  constructor(ports: Pick<StatefulPorts, "forward" | "onDropped">) {
    this.#ports = ports;
  }

  take(_: number, event: KeyedEvent): void {
    const [partition, task, epoch, seq, key, row] = event.value as WrittenChange;
    const before = this.elements.of(event.key).at(0);
    const [last, digest, lastKey] = before === undefined ? NOBODY : before.state as Told;
    const generation = generationOf(epoch);
    // What takes back a row that has moved says nothing of one that its new task has told.
    if (this.#order.isLate({ partition, task, epoch, seq }) || (seq === 0 && last === generation)) {
      return this.#ports.onDropped("repeat");
    }
    if (row === null || key === null) {
      if (before === undefined) return;
      this.elements.remove(event.key, before);
      return this.#tell(event, { key: lastKey!, row: null });
    }
    const now = changedRowDigest(row);
    const moves = lastKey !== null && lastKey[WINDOW_END] !== key[WINDOW_END];
    if (digest === now && last === generation && !moves) return;
    this.#keep(event, [generation, now, key]);
    // A window that grew is another key.
    if (moves) this.#tell(event, { key: lastKey, row: null });
    if (digest !== now || moves) this.#tell(event, { key, row });
  }

  pass(_: number, { value }: KeyedEvent): void {
    if (value === null) return;
    const [partition, task, epoch, seq] = value as WrittenChange;
    this.#order.isLate({ partition, task, epoch, seq });
  }

  save(): unknown {
    return this.#order.save();
  }

  load(saved: unknown): void {
    if (saved !== null) this.#order.load(saved as SavedOrder);
  }

  dueOf(): null {
    return null;
  }

  #keep({ key, columns, timestampUs }: KeyedEvent, state: Told): void {
    const element: Element = { ...BORDERS, timestampUs, state, shown: false };
    this.elements.put({ key, columns }, { element, dueUs: null });
  }

  #tell({ timestampUs }: KeyedEvent, { key, row: value }: { readonly key: Row; readonly row: Row | null }): void {
    this.#ports.forward({ key, value, timestampUs });
  }
}

const NOBODY = [-1, null, null] as const;
