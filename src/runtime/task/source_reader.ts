import type { LogRecord } from "../../ports/log.ts";
import { DeserializationError } from "../../record/errors.ts";
import { repairUnavailable } from "../../formats/repair_unavailable.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { Decoded, Decoder } from "../../formats/decoder.ts";
import { FormerRows } from "../../state/former_rows.ts";
import { StaleKeys } from "../../state/stale_keys.ts";
import type { TaskView } from "../conversation/task_view.ts";
import { MISPLACED, PlaceCheck } from "./place_check.ts";
import type { TaskContext } from "./task_context.ts";

/**
 * Turns one partition's change records into rows of the task's tables. What cannot be read, or lies where nobody would
 * look for it, becomes a dead letter; a column that Debezium did not send (unchanged TOAST) is taken from the row held.
 */
export class SourceReader {
  readonly #task: TaskView;
  readonly #context: TaskContext;
  readonly #decoders: readonly (Decoder | null)[];
  /** By member; none for merges, which have no topic. A table's members are all the one or all the other. */
  readonly stale: readonly StaleKeys[];
  /** For each member whose keys other tasks look for: the check that its records are where these look. */
  readonly #places: readonly (PlaceCheck | null)[];
  readonly #formerRows: readonly FormerRows[];

  constructor(task: TaskView, context: TaskContext) {
    this.#task = task;
    this.#context = context;
    const { table, partition } = task;
    this.#decoders = context.decoders(table);
    this.stale = table.members.flatMap(({ kind, name }) => kind === "source" ? [new StaleKeys(name)] : []);
    this.#formerRows = table.members.map(() => new FormerRows());
    const partitions = context.partitions[table.index];
    const placed = partitions > 1 && (table.serves.length > 0 || table.members.length > 1);
    this.#places = table.members.map((member) =>
      placed && member.kind === "source"
        ? new PlaceCheck({ member, keyColumns: table.keyColumns!, partition, partitions })
        : null
    );
  }

  /** Takes records of member `member`, in order. @throws ConfigError when the topic is partitioned in another way */
  take(member: number, records: readonly LogRecord[]): void {
    const plan = this.#task.table.members[member];
    if (plan.kind !== "source") throw new TypeError(`Table "${plan.name}" has no topic`);
    const { partition } = this.#task;
    const decoder = this.#decoders[member]!;
    const stale = this.stale[member];
    for (const record of records) {
      const position = { topic: plan.source.topic, partition, offset: record.offset };
      try {
        const key = this.#apply(member, record);
        if (key !== null) stale.read(key);
      } catch (error) {
        if (!(error instanceof DeserializationError)) throw error;
        // A misplaced record says nothing about a key of this partition.
        if (error.reason !== MISPLACED) stale.refused(decoder.keyOf(record.key));
        this.#context.onUndecodable(position, record, error);
      }
    }
    this.#context.count("weir_source_records_total", { table: plan.name }, records.length);
  }

  /** Returns the key of the row that it is about; null if it is about none. */
  #apply(member: number, record: LogRecord): Key | null {
    const decoder = this.#decoders[member]!;
    const decoded = decoder.decode(record);
    if (decoded.kind === "skip") {
      this.#context.count(
        "weir_source_records_skipped_total",
        { table: this.#task.table.name, reason: decoded.reason },
        1,
      );
      return null;
    }
    const { key } = decoded;
    this.#places[member]?.check(key, record.key);
    const formerRows = this.#formerRows[member];
    if (decoded.kind === "delete") {
      const details = decoded.tombstone ? null : () => decoder.details(record);
      const left = formerRows.empty ? null : formerRows.afterDelete(key, this.#held(member, key), details);
      this.#task.setRow(member, key, left);
      return key;
    }
    const row = decoded.unavailable === null ? decoded.row : this.#repaired(member, decoded);
    const replaced = this.#task.setRow(member, key, row);
    if (replaced !== null && decoded.created) {
      formerRows.displaced(key, { held: replaced, row, details: () => decoder.details(record) });
    } else if (!formerRows.empty) formerRows.updated(key);
    return key;
  }

  #repaired(member: number, decoded: Decoded & { kind: "upsert" }): Row {
    return repairUnavailable(decoded, this.#held(member, decoded.key));
  }

  #held(member: number, key: Key): Row | null {
    const entry = this.#task.entries.get(key);
    return entry === undefined ? null : this.#task.rowOf(entry, member);
  }
}
