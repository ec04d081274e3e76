import { clickhouse, clickhouseAppend, count, type KTable, type TopologyBuilder } from "../../src/mod.ts";
import { computeTableChanges, type ToldRow } from "../../src/oracle/table_changes_oracle.ts";
import type { AppendBatch, Bytes } from "../../src/ports/log.ts";
import { readChangedRow } from "../../src/record/changed_row.ts";
import type { Row } from "../../src/record/row.ts";
import { rowMark } from "../../src/record/row_record.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import type { StoredTopic } from "./stored_topic.ts";

const NAMES = ["sim-facts", "sim-totals", "sim-plain"] as const;
const COLUMNS = { key: "String", row: "Nullable(String)" } as const;
const TOLD = NAMES.map((_, index) => clickhouseAppend(`changed_${index}`, { columns: COLUMNS, orderBy: ["key"] }));
const counted = clickhouse("changes_counted", { columns: { id: "Int64", n: "UInt64" }, key: ["id"] });

/** A table of what changes were, that is no function of the sources. */
export const CHANGES_TABLE = counted.spec.name;

// deno-lint-ignore no-explicit-any -- tables of any rows
type AnyTable = KTable<any, any>;

/** Changes of a join, of totals and of a filter, as events; those of the join are counted, too. */
export function declareChanges(builder: TopologyBuilder, tables: readonly [AnyTable, AnyTable, AnyTable]): void {
  const streams = tables.map((table, index) => builder.toStream(table, { name: NAMES[index] }));
  for (const [index, stream] of streams.entries()) {
    stream.map((row, key) => [null, { key: JSON.stringify(key), row: row === null ? null : JSON.stringify(row) }])
      .to(TOLD[index]);
  }
  streams[0].mapValues(() => ({})).groupBy((_, { id }) => ({ id })).aggregate("changes_counted", { n: count() })
    .to(counted);
}

/** Whether the topology writes changes of a table to this topic, and reads them. */
export function isChangesTopic(topic: string): boolean {
  return NAMES.some((name) => topicOf(name) === topic);
}

function topicOf(name: string): string {
  return `weir.sim.${name}.changes`;
}

interface Told {
  readonly key: string;
  readonly row: string | null;
}

type Stored = Pick<MemoryWarehouse, "appendedRows" | "select">;

/** The log's topics, and all that was ever written to one. */
interface WrittenTopics {
  readonly topics: ReadonlyMap<string, StoredTopic>;
  readonly headers: { written(name: string): AppendBatch[] };
}

/**
 * What is wrong with the events that were told of changes: what stands in the log must be told, each once, and in its
 * order. Records that compaction removes before they are read are not told; the last of each key always is. `complete`:
 * nothing is under way.
 */
export function changesProblems(
  memory: Stored,
  log: WrittenTopics,
  { complete }: { readonly complete: boolean },
): string[] {
  return NAMES.flatMap((name, index) => {
    const topic = topicOf(name);
    const partitions = log.topics.get(topic)?.partitions;
    if (partitions === undefined) return [];
    const all = log.headers.written(topic);
    const wanted = byKey(computeTableChanges(all.flatMap(recordsOf)));
    const rows = memory.appendedRows(TOLD[index].spec.name) as unknown as readonly Told[];
    const told = Map.groupBy(rows, ({ key }) => key);
    const left = partitions.reduce((sum, { records }) => sum + records.length, 0);
    const isWhole = left === all.reduce((sum, { records }) => sum + records.length, 0);
    const problems = [...new Set([...wanted.keys(), ...told.keys()])].flatMap((key) => {
      const is = told.get(key)?.map(({ row }) => row) ?? [];
      const must = wanted.get(key) ?? [];
      const wrong = problemOf(is, must, { complete, isWhole });
      return wrong === null ? [] : [`${topic} ${key}: ${wrong}: told ${is.join(" ")}; written ${must.join(" ")}`];
    });
    return index > 0 || !complete ? problems : [...problems, ...countProblems(memory, told)];
  });
}

function problemOf(
  is: readonly (string | null)[],
  must: readonly (string | null)[],
  { complete, isWhole }: { readonly complete: boolean; readonly isWhole: boolean },
): string | null {
  if (is.some((row, at) => at > 0 && row === is[at - 1])) return "twice";
  let next = 0;
  for (const row of is) {
    next = must.indexOf(row, next) + 1;
    if (next === 0) return "not written, or in another order";
  }
  if (!complete) return null;
  if (isWhole && is.length < must.length) return "not told";
  return (is.at(-1) ?? null) === (must.at(-1) ?? null) ? null : "the last one is not told";
}

function countProblems(memory: Stored, told: ReadonlyMap<string, readonly unknown[]>): string[] {
  const counts = new Map(memory.select(CHANGES_TABLE).map(({ id, n }) => [`{"id":${id}}`, Number(n)]));
  return [...new Set([...told.keys(), ...counts.keys()])].flatMap((key) => {
    const [is, must] = [counts.get(key) ?? 0, told.get(key)?.length ?? 0];
    return is === must ? [] : [`${key} counts ${is} changes instead of ${must}`];
  });
}

/** The key as events have it is in the value, and in none of a tombstone. */
function byKey(told: readonly ToldRow[]): Map<string, (string | null)[]> {
  const names = new Map<string, string>();
  const wanted = new Map<string, (string | null)[]>();
  for (const { key, row } of told) {
    const changed = row as { key: Row; row: Row } | null;
    if (changed !== null) names.set(key, JSON.stringify(changed.key));
    const name = names.get(key)!;
    wanted.getOrInsertComputed(name, () => []).push(changed === null ? null : JSON.stringify(changed.row));
  }
  return wanted;
}

function recordsOf({ partition, records }: AppendBatch) {
  return records.map(({ key, value, headers }) => {
    const { task, epoch, seq } = rowMark(headers)!;
    const row = value === null ? null : readChangedRow(textOf(value)) as unknown as Row;
    return { partition, key: textOf(key!), task, epoch, seq, row };
  });
}

const decoder = new TextDecoder();

function textOf(bytes: Bytes): string {
  return typeof bytes === "string" ? bytes : decoder.decode(bytes);
}
