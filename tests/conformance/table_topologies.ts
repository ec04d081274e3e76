import { z } from "zod";
import {
  type AppendSink,
  clickhouse,
  clickhouseAppend,
  count,
  debezium,
  type KStream,
  type KTable,
  type Sink,
  sum,
  type Topology,
  topology,
  type TopologyBuilder,
} from "../../src/mod.ts";
import type { Case } from "./recorded.ts";

function source(name: string) {
  return debezium(`recorded.public.${name}`, { key: ["id"], row: z.object({ id: z.string(), value: z.string() }) });
}

/** The recorded topics, as tables of texts by text key. */
export const SOURCES = { left: source("left"), right: source("right") };

function textSink(name: string) {
  return clickhouse(name, { key: ["id"], columns: { id: "String", value: "String" } });
}

/** The table's changes as events: Kafka Streams' toStream(), whose records are those that were recorded. */
function changesSink(name: string) {
  return clickhouseAppend(`${name}_changes`, { columns: { key: "String", row: "Nullable(String)" }, orderBy: ["key"] });
}

const out = textSink("out");
const outNot = textSink("outNot");
const changes = { out: changesSink("out"), outNot: changesSink("outNot"), totals: changesSink("totals") };
const totals = clickhouse("totals", {
  key: ["group"],
  columns: { group: "String", count: "UInt64", sum: "Int64" },
});

/** Where results are shown: as the rows of a table, and as what its changes amount to. */
export interface ShownResult {
  readonly sink: Sink<never>;
  readonly changes: AppendSink<never>;
  readonly key: string;
  readonly value: string;
}

/** A topology of Weir for a recorded one, and where its results are shown, by output topic. */
export interface Recast {
  readonly topology: Topology;
  readonly results: Readonly<Record<string, ShownResult>>;
  /** Output topics that Weir has no counterpart of, and why. */
  readonly without: Readonly<Record<string, string>>;
}

const OUT = { sink: out, changes: changes.out, key: "id", value: "value" };
export const JOINER = "value = left + '-' + right (absent side printed 'null')";
export const EXTRACTOR = "foreign key = text after the first '|' of the left value; null when '|' is missing or last";
const FILTERS = "table('left') -> filter(value does not end in 3,5,7) -> mapValues('<v>') -> topic out; " +
  "table('left') -> filterNot(value ends in 3) -> topic outNot";
const GROUPS = "table('left') -> filter(FK present) -> groupBy(key = FK, value = integer before '|') -> " +
  "count -> topic count; reduce(add, subtract) -> topic sum; " +
  "aggregate(init '', adder agg+'+'+v, subtractor agg+'-'+v) -> topic log";
const LOG = "its text depends on the order of updates, aggregates of Weir on the rows alone";

/** Words that say how Kafka Streams keeps its tables. */
const KEPT = ["stores", "result"];

/** The topology that a case describes in words; null if any of them is not known. */
export function recast({ topology: words }: Case): Recast | null {
  const { op, joiner, extractor, ...rest } = words;
  if (Object.keys(rest).some((name) => !KEPT.includes(name))) return null;
  if (op === FILTERS && joiner === undefined && extractor === undefined) {
    const results = { out: OUT, outNot: { ...OUT, sink: outNot, changes: changes.outNot } };
    return { topology: filtered, results, without: {} };
  }
  if (op === GROUPS && joiner === undefined && extractor === undefined) {
    const shown = (value: string) => ({ sink: totals, changes: changes.totals, key: "group", value });
    return { topology: grouped, results: { count: shown("count"), sum: shown("sum") }, without: { log: LOG } };
  }
  const join = /^table-table (?:(FOREIGN-KEY) (?!outer)|)(inner|left|outer) join$/.exec(String(op));
  if (join === null || joiner !== JOINER) return null;
  const [, foreign, kind] = join;
  if (extractor !== (foreign === undefined ? undefined : EXTRACTOR)) return null;
  return { topology: joined(kind, { byForeignKey: foreign !== undefined }), results: { out: OUT }, without: {} };
}

/** Text after the first "|"; null when there is none. */
export function foreignKey(value: string): string | null {
  const at = value.indexOf("|");
  return at < 0 || at === value.length - 1 ? null : value.slice(at + 1);
}

type Text = { readonly id: string; readonly value: string };

/** As rows, and as changes. */
function show<K extends { readonly id: string }>(
  builder: TopologyBuilder,
  table: KTable<K, Text>,
  { sink, changes }: Pick<ShownResult, "sink" | "changes">,
): void {
  table.to(sink as Sink<Text>);
  told(builder.toStream(table, { name: sink.spec.name }), changes);
}

function told<K, V>(stream: KStream<K, V>, changes: AppendSink<never>): void {
  stream.map((row, key) => {
    const [name] = Object.values(key as object);
    return [null, { key: name, row: row === null ? null : JSON.stringify(row, bigintText) }];
  }).to(changes as AppendSink<{ key: string; row: string | null }>);
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

function joined(kind: string, { byForeignKey }: { byForeignKey: boolean }): Topology {
  return topology("joined", (builder) => {
    const left = builder.table(SOURCES.left);
    const right = builder.table(SOURCES.right);
    if (kind === "outer") {
      const both = left.outerJoin({ left: "left", right: "right" }, right)
        .mapValues((row, key) => ({ id: key, value: `${row.left?.value ?? null}-${row.right?.value ?? null}` }));
      return show(builder, both, OUT);
    }
    if (kind === "left") {
      const table = byForeignKey
        ? left.leftJoin("right", right, (row) => foreignKey(row.value))
        : left.leftJoin("right", right);
      const shown = table.mapValues((row) => ({ id: row.id, value: `${row.value}-${row.right?.value ?? null}` }));
      return show(builder, shown, OUT);
    }
    // The inner join's key is null at times here, which its type does not allow: such rows must be left out.
    const table = byForeignKey
      ? left.join("right", right, (row) => foreignKey(row.value) as string)
      : left.join("right", right);
    show(builder, table.mapValues((row) => ({ id: row.id, value: `${row.value}-${row.right.value}` })), OUT);
  });
}

const filtered = topology("filtered", (builder) => {
  const left = builder.table(SOURCES.left);
  const passed = left.filter((row) => !/[357]$/.test(row.value));
  show(builder, passed.mapValues((row) => ({ id: row.id, value: `<${row.value}>` })), OUT);
  show(builder, left.filterNot((row) => row.value.endsWith("3")), { sink: outNot, changes: changes.outNot });
});

const grouped = topology("grouped", (builder) => {
  const perGroup = builder.table(SOURCES.left)
    .groupBy((row) => {
      const group = foreignKey(row.value);
      return group === null ? null : { group };
    })
    .aggregate("totals", { count: count(), sum: sum((row) => Number(row.value.slice(0, row.value.indexOf("|")))) });
  perGroup.to(totals);
  told(builder.toStream(perGroup), changes.totals);
});
