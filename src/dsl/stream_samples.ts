import type { EventSpec, RecordMetadata } from "./events.ts";
import { attempt, columnValue, INTEGER, ofTotal, type Sample, sampleColumns } from "./sample_value.ts";
import type { StreamAggregateSpec } from "./stream_aggregates.ts";
import type { AggregateInput, StreamAggregateNode, StreamJoinNode, StreamNode, SuppressNode } from "./stream_nodes.ts";

/** An event as the declared schemas allow it, and what it was made of. */
export interface StreamSample {
  /** Columns by name, or a text. */
  readonly value: unknown;
  /** As callbacks see it; null: there is none. */
  readonly key: unknown;
  /** Columns that are floats by their schema, by the value that only they have. */
  readonly floats: Sample["floats"];
}

/** Samples of a topology's streams by the ids of their nodes. */
export interface StreamSamples {
  /** Null where nothing is known before real events come. */
  readonly eventOf: (node: number) => StreamSample | null;
  /** The row that an aggregate makes of such an event; null as well. */
  readonly resultOf: (node: number) => Sample | null;
}

/** What samples of streams are made of. */
interface StreamSampleParts {
  readonly tableOf: (node: number) => Sample | null;
  /** Takes so many columns; how many have values already. */
  readonly columnsOf: (count: number) => number;
}

const METADATA: RecordMetadata = { topic: "sample", partition: 0, offset: 0, timestampUs: INTEGER, headers: {} };
/** Other values than those of columns and totals. */
const WINDOW = { window_start: INTEGER * 998_000, window_end: INTEGER * 999_000 };

/** As samples of tables: by running callbacks once, where that says something. */
export function streamSamples(
  streams: readonly StreamNode[],
  { tableOf, columnsOf }: StreamSampleParts,
): StreamSamples {
  const events = new Map<number, StreamSample | null>();
  const results = new Map<number, Sample | null>();
  const eventOf = (id: number): StreamSample | null => {
    if (!events.has(id)) events.set(id, attempt(() => derived(streams[id])));
    return events.get(id)!;
  };
  const resultOf = (id: number): Sample | null => {
    if (!results.has(id)) results.set(id, attempt(() => result(streams[id] as StreamAggregateNode | SuppressNode)));
    return results.get(id)!;
  };
  const result = (node: StreamAggregateNode | SuppressNode): Sample | null => {
    if (node.op === "suppress") return resultOf(node.inputs[0]);
    const input = eventOf(node.inputs[0]);
    return input === null ? null : ofGroup(node, input);
  };
  const derived = (node: StreamNode): StreamSample | null => {
    if (node.op === "events") return ofTopic(node.source, columnsOf);
    if (node.op === "updates") {
      const row = resultOf(node.inputs[0]);
      return row === null ? null : { value: row.row, key: keyOfResult(row), floats: row.floats };
    }
    if (node.op === "tableChanges") {
      const row = tableOf(node.table);
      return row === null ? null : { value: row.row, key: keyOfResult(row), floats: row.floats };
    }
    const input = eventOf(node.inputs[0]);
    return input === null ? null : further(node, input);
  };
  const further = (node: StreamNode, input: StreamSample): StreamSample | null => {
    const { value, key, floats } = input;
    switch (node.op) {
      case "filter":
      case "branch":
      case "peek":
      // What is wrong with every event of one side is wrong.
      case "merge":
        return input;
      case "mapValues":
        return { ...input, value: node.mapper(copyOf(value), key, METADATA) };
      case "map": {
        const [newKey, newValue] = node.mapper(copyOf(value), key, METADATA);
        return { value: newValue, key: newKey, floats };
      }
      case "selectKey":
        return { ...input, key: node.mapper(copyOf(value), key, METADATA) };
      case "repartition":
        return { ...input, key: node.bare === null ? node.groupBy(copyOf(value), key, METADATA) : key };
      case "globalJoin":
      case "tableJoin": {
        const right = tableOf(node.right);
        return right === null ? null : joinedWith(input, { column: node.column, right });
      }
      case "streamJoin": {
        const right = eventOf(node.inputs[1]);
        return right === null ? null : joinedEvents(node, [input, right]);
      }
      default:
        // Of a made-up number a callback may make as many events.
        return null;
    }
  };
  return { eventOf, resultOf };
}

/** Callbacks may change what they are given. */
function copyOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? { ...value } : value;
}

function ofTopic({ name, key, value, changes }: EventSpec, columnsOf: (count: number) => number): StreamSample | null {
  if (changes !== null) {
    const { key: names, row: { shape } } = changes.source;
    const { row, floats } = sampleColumns({ name, shape }, columnsOf(Object.keys(shape).length));
    const columns = Object.fromEntries(names.map((column) => [column, row[column]]));
    return { value: { op: "c", before: null, after: row }, key: columns, floats };
  }
  const keyed = () => key === "bytes" ? null : key === "text" ? "sample key" : columnValue(key, columnsOf(1) + 1);
  if (value === "bytes") return null;
  if (value === "text") return { value: "sample", key: attempt(keyed), floats: new Map() };
  const { row, floats } = sampleColumns({ name, shape: value.shape }, columnsOf(Object.keys(value.shape).length));
  return { value: row, key: attempt(keyed), floats };
}

function joinedWith(
  { value, key, floats }: StreamSample,
  { column, right }: { readonly column: string; readonly right: Sample },
): StreamSample {
  return {
    value: { ...value as object, [column]: right.row },
    key,
    floats: new Map([...floats, ...right.floats]),
  };
}

function joinedEvents(
  { columns, groupBys }: StreamJoinNode,
  [left, right]: [StreamSample, StreamSample],
): StreamSample {
  const own = columns.left === null ? left.value as object : { [columns.left]: left.value };
  return {
    value: { ...own, [columns.right]: right.value },
    key: groupBys[0](copyOf(left.value), left.key, METADATA),
    floats: new Map([...left.floats, ...right.floats]),
  };
}

/** The columns of an event's group; null if it is in none, or that is not known. */
export function sampleGroup(
  { groupBy }: Pick<AggregateInput, "groupBy">,
  { value, key }: StreamSample,
): Readonly<Record<string, unknown>> | null {
  const group = attempt(() => groupBy(copyOf(value), key, METADATA));
  return typeof group !== "object" || group === null || Object.values(group).includes(undefined) ? null : group;
}

function ofGroup({ sides: [side], window }: StreamAggregateNode, input: StreamSample): Sample | null {
  const group = sampleGroup(side, input);
  if (group === null) return null;
  const columns = window === null ? group : { ...group, window_start: WINDOW.window_start };
  const key = Object.entries(columns).sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => ({ name, value }));
  const shown = window === null ? group : { ...group, ...WINDOW };
  return { row: { ...totalsOf(side, input), ...shown }, key, grouped: true, floats: input.floats };
}

/** The totals of one event: a row where that is the total. */
function totalsOf({ aggregates }: AggregateInput, input: StreamSample): Readonly<Record<string, unknown>> {
  const sample = { row: input.value as Sample["row"], key: [], grouped: false, floats: input.floats };
  const totals: Record<string, unknown> = {};
  for (const [index, [name, spec]] of Object.entries(aggregates).entries()) {
    if (spec.kind === "newest" || spec.kind === "reduce") return sample.row;
    totals[name] = spec.kind === "folding" ? folded(spec, input) : ofTotal(spec, { number: index + 1, input: sample });
  }
  return totals;
}

function folded(
  { empty, add, result }: Extract<StreamAggregateSpec, { readonly kind: "folding" }>,
  { value }: StreamSample,
): unknown {
  return attempt(() => {
    const state = add(empty() as never, copyOf(value) as never);
    return result === null ? state : result(state as never);
  });
}

/** As changes of results have it: with both ends of a window. */
function keyOfResult({ key, row: { window_end } }: Sample): unknown {
  const columns = Object.fromEntries(key.map(({ name, value }) => [name, value]));
  return "window_start" in columns ? { ...columns, window_end } : columns;
}
