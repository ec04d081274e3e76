import type { LogRecord } from "../../ports/log.ts";
import { ConfigError, DeserializationError } from "../../record/errors.ts";
import { repairUnavailable } from "../../formats/repair_unavailable.ts";
import { type Key, keyJson } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import type { Row } from "../../record/row.ts";
import type { Decoded, Decoder } from "../../formats/decoder.ts";
import { StaleKeys } from "../../state/stale_keys.ts";
import type { TaskView } from "../conversation/task_view.ts";
import type { TaskContext } from "./task_context.ts";

/**
 * Turns one partition's change records into rows of the task's tables. What cannot be read becomes a dead letter; a
 * column that Debezium did not send (unchanged TOAST) is taken from the row held.
 */
export class SourceReader {
  readonly #task: TaskView;
  readonly #context: TaskContext;
  readonly #decoders: readonly (Decoder | null)[];
  /** By member; none for merges, which have no topic. A table's members are all the one or all the other. */
  readonly stale: readonly StaleKeys[];
  /** Other tasks compute where a key lives, so it must be where Kafka's default partitioner puts it. */
  readonly #placed: boolean;

  constructor(task: TaskView, context: TaskContext) {
    this.#task = task;
    this.#context = context;
    this.#decoders = context.decoders(task.table);
    this.stale = task.table.members.flatMap(({ kind, name }) => kind === "source" ? [new StaleKeys(name)] : []);
    this.#placed = task.table.serves.length > 0 || task.table.members.length > 1;
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
        const decoded = decoder.decode(record);
        this.#apply(member, decoded);
        if (decoded.kind !== "skip") stale.read(decoded.key);
      } catch (error) {
        if (!(error instanceof DeserializationError)) throw error;
        stale.refused(decoder.keyOf(record.key));
        this.#context.onUndecodable(position, record, error);
      }
    }
    this.#context.count("weir_source_records_total", { table: plan.name }, records.length);
  }

  #apply(member: number, decoded: Decoded): void {
    if (decoded.kind === "skip") {
      this.#context.count(
        "weir_source_records_skipped_total",
        { table: this.#task.table.name, reason: decoded.reason },
        1,
      );
      return;
    }
    if (this.#placed) this.#checkPlace(member, decoded.key);
    if (decoded.kind === "delete") return this.#task.setRow(member, decoded.key, null);
    const row = decoded.unavailable === null ? decoded.row : this.#repaired(member, decoded);
    this.#task.setRow(member, decoded.key, row);
  }

  #repaired(member: number, decoded: Decoded & { kind: "upsert" }): Row {
    const entry = this.#task.entries.get(decoded.key);
    const held = entry === undefined ? null : this.#task.rowOf(entry, member);
    return repairUnavailable(decoded, held);
  }

  #checkPlace(member: number, key: Key): void {
    const { table, partition } = this.#task;
    const plan = table.members[member];
    if (plan.kind !== "source") return;
    const partitions = this.#context.partitions[table.index];
    const place = partitionOf(keyJson(plan.source.key, key), partitions);
    if (place === partition) return;
    throw new ConfigError([
      `Cannot join with topic "${plan.source.topic}": key ${
        keyJson(plan.source.key, key)
      } is in partition ${partition}, but Kafka's default ` +
      `partitioner puts it into ${place} of ${partitions}. Write the topic with ` +
      `key.converter.schemas.enable=false and without a partitioner of its own, or declare it with builder.globalTable`,
    ]);
  }
}
