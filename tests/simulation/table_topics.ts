import { z } from "zod";
import { topic } from "../../src/mod.ts";
import { eventJson } from "../../src/record/event_json.ts";
import type { AppendBatch, Bytes } from "../../src/ports/log.ts";
import { isNewer, type RowMark, rowMark } from "../../src/record/row_record.ts";
import type { Row } from "../../src/record/row.ts";
import type { Choices } from "./choices.ts";
import type { StoredTopic } from "./stored_topic.ts";
import { isChangesTopic } from "./table_changes.ts";

/** The log's. */
interface Topics {
  readonly topics: ReadonlyMap<string, StoredTopic>;
}

/** So many batches come late at one time, at most. */
const LATE_MAX = 3;

/** Tables are written to these topics, besides ClickHouse. */
export const TABLE_TOPICS = {
  facts: topic("out.facts", {
    row: z.object({ id: z.int(), st: z.string().nullable(), n: z.string().nullable(), q: z.int() }),
  }),
  totals: topic("out.totals", { key: z.object({ st: z.string() }), partitions: 2 }),
};

/** Whether tables are written to this topic. */
export function isTableTopic(name: string): boolean {
  return isForOthers(name) || isChangesTopic(name);
}

function isForOthers(name: string): boolean {
  return Object.values(TABLE_TOPICS).some(({ spec }) => spec.topic === name);
}

/** How many records were ever written to topics for others. */
export function recordsWritten({ topics }: Topics): number {
  return [...topics.values()].filter(({ name }) => isForOthers(name))
    .flatMap(({ partitions }) => partitions.map(({ end }) => end)).reduce((sum, end) => sum + end, 0);
}

/**
 * A program that reads the topics all the time, and drops what is not newer by its header: repeats, and what somebody
 * writes late.
 */
export class HeaderReader {
  /** By topic and key. */
  readonly #rows = new Map<string, Map<string, { readonly mark: RowMark; readonly value: string | null }>>();
  /** All that was ever written. */
  readonly #written: AppendBatch[] = [];

  take(batch: AppendBatch): void {
    const { topic, records } = batch;
    if (!isTableTopic(topic)) return;
    this.#written.push(batch);
    const rows = this.#rows.getOrInsertComputed(topic, () => new Map());
    for (const { key, value, headers } of records) {
      const mark = rowMark(headers)!;
      const known = rows.get(String(key));
      if (known === undefined || isNewer(mark, known.mark)) rows.set(String(key), { mark, value: textOf(value) });
    }
  }

  /** It begins anew, with what compaction has left. */
  begin({ topics }: Topics): void {
    const written = [...this.#written];
    this.#rows.clear();
    for (const { name, partitions } of topics.values()) {
      for (const [partition, { records }] of partitions.entries()) this.take({ topic: name, partition, records });
    }
    this.#written.splice(0, Infinity, ...written);
  }

  /** All that was ever written to a topic, in its order. */
  written(name: string): AppendBatch[] {
    return this.#written.filter(({ topic }) => topic === name);
  }

  /** Some of what was written, to be written once more as if it had been under way since. */
  late(choices: Choices): AppendBatch[] {
    if (this.#written.length === 0) return [];
    const batches = Array.from({ length: 1 + choices.below(LATE_MAX) }, () => choices.pick(this.#written));
    return batches.filter(({ topic }) => choices.strikes("topic-late", 1, () => topic));
  }

  shown(topic: string): string[] {
    return [...this.#rows.get(topic)?.values() ?? []].flatMap(({ value }) => value === null ? [] : [value]);
  }
}

const decoder = new TextDecoder();

function textOf(value: Bytes | null): string | null {
  return value === null || typeof value === "string" ? value : decoder.decode(value);
}

/** The newest record of each key, as the value's text: what remains after compaction. */
export function shownIn({ topics }: Topics, name: string): string[] {
  const rows = new Map<string, string>();
  for (const { key, value } of topics.get(name)?.partitions.flatMap(({ records }) => records) ?? []) {
    if (value === null) rows.delete(String(key));
    else rows.set(String(key), textOf(value)!);
  }
  return [...rows.values()];
}

/** A row as it must stand there. */
export function topicText(columns: readonly string[] | null): (row: Row) => string {
  return (row) => {
    const names = columns ?? Object.keys(row);
    return eventJson(Object.fromEntries(names.map((name) => [name, row[name]])));
  };
}
