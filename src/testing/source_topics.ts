import type { SourceSpec } from "../dsl/source.ts";
import type { AppendBatch, Log } from "../ports/log.ts";
import { packHeaders } from "../record/headers.ts";
import { partitionOf } from "../record/partitioner.ts";
import { type DebeziumRecord, DebeziumTable, type NowMs } from "./debezium_table.ts";
import type { RawRecord } from "./driver_options.ts";

interface Options {
  readonly nowMs: NowMs;
  readonly cleanup: "compact" | "delete";
  readonly partitionsOf: (name: string) => number;
}

/** A table of the database, and how many partitions its topic has. */
interface SourceTable {
  readonly table: DebeziumTable;
  readonly partitions: number;
}

/** The topics of a test's sources, made when they are needed, and the tables that they are the changes of. */
export class SourceTopics {
  readonly #log: Pick<Log, "createTopic" | "append">;
  readonly #options: Options;
  readonly #tables = new Map<string, SourceTable>();
  readonly #made = new Map<string, Promise<void>>();

  constructor(log: Pick<Log, "createTopic" | "append">, options: Options) {
    this.#log = log;
    this.#options = options;
  }

  /** The source's table. Its topic is made when the promise of {@link made} resolves. */
  of(spec: SourceSpec): DebeziumTable {
    return this.#of(spec).table;
  }

  /** Resolves when the topic is there. */
  made(spec: SourceSpec): Promise<void> {
    this.#of(spec);
    return this.#made.get(spec.topic)!;
  }

  /** Changes the table at once, and appends the records that Debezium writes of it. */
  write(spec: SourceSpec, change: (table: DebeziumTable) => DebeziumRecord[]): Promise<void> {
    const { table, partitions } = this.#of(spec);
    const records = change(table);
    return this.#append({ topic: spec.topic, partition: partitionOf(records[0].key, partitions), records });
  }

  /** Appends a record as it is. */
  raw(spec: SourceSpec, record: RawRecord): Promise<void> {
    const { partitions } = this.#of(spec);
    const { key, value, partition = key === null ? 0 : partitionOf(key, partitions), timestampMs } = record;
    const headers = packHeaders(record.headers ?? {});
    return this.#append({ topic: spec.topic, partition, records: [{ key, value, timestampMs, headers }] });
  }

  #of(spec: SourceSpec): SourceTable {
    const known = this.#tables.get(spec.topic);
    if (known !== undefined) return known;
    const { nowMs, cleanup, partitionsOf } = this.#options;
    const partitions = partitionsOf(spec.name);
    const source = { table: new DebeziumTable(spec, nowMs), partitions };
    this.#tables.set(spec.topic, source);
    this.#made.set(spec.topic, this.#log.createTopic({ name: spec.topic, partitions, cleanup, retentionMs: -1 }));
    return source;
  }

  async #append(batch: AppendBatch): Promise<void> {
    await this.#made.get(batch.topic);
    await this.#log.append([batch]);
  }
}
