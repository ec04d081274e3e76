import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import type { FoldedRow } from "../../oracle/oracle.ts";
import type { GroupedEvent } from "../../oracle/stream_fold.ts";
import { statefulOperator } from "../../processor/stateful/operators.ts";
import { resultOf } from "../../processor/stateful/result_of.ts";
import type { StatefulOperator } from "../../processor/stateful/stateful.ts";
import { type Key, keyOfColumns, keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";

/**
 * The totals that an aggregate makes of events, folded from nothing by the machine that folds them everywhere: one for
 * each partition of its repartition topic, since each has a time of its own. What is kept of an event is what its
 * totals keep of it.
 */
export class EventTotals {
  readonly node: StreamAggregateNode;
  readonly #machines: readonly StatefulOperator[];
  readonly #result: ReturnType<typeof resultOf>;
  readonly #rows = new Map<Key, FoldedRow>();

  /** `partitions`: of the repartition topic. */
  constructor(node: StreamAggregateNode, partitions: number) {
    this.node = node;
    this.#result = resultOf(node);
    const ports = { forward: () => {}, onDropped: () => {} };
    this.#machines = Array.from({ length: partitions }, () => statefulOperator(node, ports));
  }

  /** The next event: of one source in the order of its records, of several in that of their times. */
  give({ input, columns, value, timestampUs }: GroupedEvent): void {
    const key = keyOfColumns(columns);
    const machine = this.#machines[partitionOf(keyText(key), this.#machines.length)];
    try {
      machine.take(input, { key, columns, value, timestampUs });
    } catch {
      // It counts in no total: the stage sets it aside as a dead letter.
    }
    this.#settle(machine);
  }

  get size(): number {
    return this.#rows.size;
  }

  rows(): Iterable<FoldedRow> {
    return this.#rows.values();
  }

  #settle({ elements }: StatefulOperator): void {
    for (const { key: group, columns, kind, element } of elements.takeChanges()) {
      const { start, seq } = element;
      // A session that grows is replaced by one that begins as it did: that one is the result.
      if (kind !== "put" && elements.find(group, element) !== undefined) continue;
      const made = this.#result({ columns, start, seq, element: kind === "put" ? element : null });
      if (made === null) continue;
      const key = keyOfColumns(made.key);
      if (made.row === null) this.#rows.delete(key);
      else this.#rows.set(key, [key, made.row, Object.keys(made.key).sort()]);
    }
  }
}
