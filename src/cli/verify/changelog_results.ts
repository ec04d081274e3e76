import type { TableResultNode } from "../../dsl/stream_nodes.ts";
import { readChangelog } from "../../formats/changelog_fact.ts";
import type { FoldedRow } from "../../oracle/oracle.ts";
import type { LogRecord } from "../../ports/log.ts";
import { ageOf, resultOf } from "../../processor/stateful/result_of.ts";
import { type Key, keyOfColumns } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";

/** The newest result of a key. */
interface Newest {
  readonly to: number;
  readonly ageUs: number;
  readonly key: Row;
  /** Null: it is gone. */
  readonly row: Row | null;
}

/** The results that one partition of a stage's changelog has, whoever wrote them, as its records come. */
export class ChangelogResults {
  /** Windows that began then or before are kept by ClickHouse alone. Microseconds since the epoch. */
  horizonUs = -Infinity;
  readonly #node: TableResultNode;
  readonly #topic: string;
  readonly #result: ReturnType<typeof resultOf>;
  readonly #newest = new Map<Key, Newest>();

  constructor(node: TableResultNode, topic: string) {
    [this.#node, this.#topic, this.#result] = [node, topic, resultOf(node)];
  }

  /** Keys of which something is known. */
  get size(): number {
    return this.#newest.size;
  }

  /** Takes the records that come next. @throws DeserializationError for one that no stage can have written */
  take(records: readonly Pick<LogRecord, "key" | "value">[]): void {
    let horizonUs = this.horizonUs;
    for (const record of records) {
      const read = readChangelog(this.#topic, record);
      if (read.kind === "horizon") horizonUs = Math.max(horizonUs, read.horizon.atUs);
      if (read.kind !== "fact") continue;
      const made = this.#result(read.fact);
      if (made === null) continue;
      const key = keyOfColumns(made.key);
      const { to } = read.fact;
      if (to <= (this.#newest.get(key)?.to ?? -1)) continue;
      const ageUs = ageOf(this.#node, read.fact);
      if (ageUs <= horizonUs) this.#newest.delete(key);
      else this.#newest.set(key, { to, ageUs, ...made });
    }
    if (horizonUs === this.horizonUs) return;
    this.horizonUs = horizonUs;
    for (const [key, { ageUs }] of this.#newest) if (ageUs <= horizonUs) this.#newest.delete(key);
  }

  /** Those that there are. */
  *rows(): Generator<FoldedRow> {
    for (const [key, { row, key: columns }] of this.#newest) {
      if (row !== null) yield [key, row, Object.keys(columns).sort()];
    }
  }
}
