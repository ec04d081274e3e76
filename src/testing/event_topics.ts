import type { EventSpec } from "../dsl/events.ts";
import type { Log, NewRecord } from "../ports/log.ts";
import { Decimal } from "../record/decimal.ts";
import { packHeaders, type RecordHeaders } from "../record/headers.ts";
import { partitionOf } from "../record/partitioner.ts";
import { rawNumber } from "../record/raw_json.ts";

/** An event as a producer writes it. */
export interface TestEvent {
  /** A text, bytes, or with a key schema whatever JSON can say; null or absent: none. */
  readonly key?: unknown;
  /** An object, which becomes JSON, or a text or bytes, as they are; null is a record without a value. */
  readonly value: unknown;
  /** Milliseconds since the epoch; the driver's clock if absent. */
  readonly timestampMs?: number;
  /** Its headers as texts, by name; null: a header without a value. None if absent. */
  readonly headers?: RecordHeaders;
  /** By the key if absent; 0 without a key. */
  readonly partition?: number;
}

/** The topics of events of a test, made when they are needed. */
export class EventTopics {
  readonly #log: Pick<Log, "createTopic" | "append">;
  readonly #partitionsOf: (name: string) => number;
  readonly #made = new Map<string, Promise<void>>();

  constructor(log: Pick<Log, "createTopic" | "append">, partitionsOf: (name: string) => number) {
    this.#log = log;
    this.#partitionsOf = partitionsOf;
  }

  /** Resolves when the topic is there. */
  make({ topic, name }: EventSpec): Promise<void> {
    return this.#made.getOrInsertComputed(
      topic,
      () =>
        this.#log.createTopic({
          name: topic,
          partitions: this.#partitionsOf(name),
          cleanup: "delete",
          retentionMs: -1,
        }),
    );
  }

  /** Appends an event: bigints and decimals are written with all their digits. */
  async append(source: EventSpec, event: TestEvent): Promise<void> {
    await this.make(source);
    const record = recordOf(source, event);
    const partitions = this.#partitionsOf(source.name);
    const { partition = record.key === null ? 0 : partitionOf(record.key, partitions) } = event;
    await this.#log.append([{ topic: source.topic, partition, records: [record] }]);
  }
}

function recordOf({ key: keyForm }: EventSpec, { key = null, value, timestampMs, headers = {} }: TestEvent): NewRecord {
  return {
    key: key === null || key instanceof Uint8Array ? key : keyForm === "text" ? String(key) : jsonOf(key),
    value: value === null || typeof value === "string" || value instanceof Uint8Array ? value : jsonOf(value),
    timestampMs,
    headers: packHeaders(headers),
  };
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_name, part) => {
    if (typeof part === "bigint") return rawNumber(String(part));
    return part instanceof Decimal ? part.toString() : part;
  });
}
