import type { StatefulOperator } from "../../../src/processor/stateful/stateful.ts";
import { type Key, keyText } from "../../../src/record/key.ts";
import type { Row } from "../../../src/record/row.ts";
import { decodeWire, encodeWire } from "../../../src/record/wire.ts";
import type { Element, ElementChange } from "../../../src/state/keyed_elements.ts";

/** What one batch of events changed, key by key. */
export interface Batch {
  /** Its events are those below this position. */
  readonly to: number;
  readonly changes: ReadonlyMap<Key, readonly ElementChange[]>;
  /** What the operator knows beside its elements. */
  readonly saved: unknown;
}

/**
 * Takes what changed since the last batch. Rows are told apart by their group and where their window begins: a session
 * that grows is replaced by one that begins as it did, and is not gone.
 */
export function batchOf(operator: StatefulOperator, to: number): Batch {
  const { elements } = operator;
  const changes = elements.takeChanges().filter(({ key, kind, element: { start, seq } }) =>
    kind === "put" || !elements.of(key).some((other) => other.start === start && other.seq === seq)
  );
  return { to, changes: Map.groupBy(changes, ({ key }) => key), saved: operator.save() };
}

interface Fact {
  readonly key: Key;
  readonly columns: Row;
  readonly to: number;
  /** Null: it is gone. */
  readonly element: Element | null;
}

/** What outlives a crash: of each element the newest fact, as a changelog has it, and how far all of them reach. */
export class DurableElements {
  readonly #facts = new Map<string, Fact>();
  #head: { to: number; saved: unknown } | null = null;

  /** Up to where everything is there. */
  get to(): number {
    return this.#head?.to ?? 0;
  }

  /** What a batch changed of one key. */
  write({ to, changes }: Batch, key: Key): void {
    for (const { columns, kind, element } of changes.get(key) ?? []) {
      const name = `${element.start}/${element.seq} ${keyText(key)}`;
      if (kind === "dropped") this.#facts.delete(name);
      else {
        const kept = kind === "put" ? { ...element, state: decodeWire(encodeWire(element.state)) } : null;
        this.#facts.set(name, { key, columns, to, element: kept });
      }
    }
  }

  /** All of a batch is there. */
  finish({ to, saved }: Batch): void {
    this.#head = { to, saved: decodeWire(encodeWire(saved)) };
  }

  into(operator: StatefulOperator): void {
    if (this.#head !== null) operator.load(this.#head.saved);
    for (const { key, columns, to, element } of this.#facts.values()) {
      const due = element === null ? null : operator.dueOf(element);
      const kept = due === "drop" ? { element: null, dueUs: null } : { element, dueUs: due };
      operator.elements.load({ key, columns, position: to }, kept);
    }
  }

  /** The rows that readers see, as texts, in order. */
  shown(rowOf: (columns: Row, element: Element) => Row): string[] {
    return rowTexts(
      [...this.#facts.values()].flatMap(({ columns, element }) => element?.shown ? [rowOf(columns, element)] : []),
    );
  }
}

export function rowTexts(rows: readonly Row[]): string[] {
  return rows.map((row) => encodeWire(Object.fromEntries(Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1))))
    .sort();
}

/** All that an operator keeps, as texts, in order. */
export function keptTexts(operator: StatefulOperator): string[] {
  const { elements } = operator;
  const kept = [...elements.keys()].flatMap((key) => elements.of(key).map((element) => encodeWire([key, element])));
  return [encodeWire(operator.save()), ...kept.sort()];
}
