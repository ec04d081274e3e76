import { type ChangedRow, readChangedRow } from "../record/changed_row.ts";
import { type Key, parseKeyText } from "../record/key.ts";
import { rowMarkIn } from "../record/row_record.ts";
import type { EventSpec, RecordMetadata } from "./events.ts";
import type { Graph } from "./graph.ts";
import { inputsOf, type LogicalNode } from "./logical.ts";
import { topicSink } from "./sink.ts";
import type { StreamPlace } from "./stream_place.ts";
import { inside } from "./table_place.ts";

/** Options of `builder.toStream`, for tables that are no results of a stream. */
export interface ToStreamOptions<V> {
  /**
   * Names the operator, its state and its topics. Default: the name of the source, or of the aggregate, whose rows
   * these are. Under another name the stream begins anew, with all rows that the table has.
   */
  readonly name?: string;
  /**
   * The time of an event, microseconds since the epoch. Default, and always that of a deletion: when the change was
   * written, by the clock of the instance that has the row, as a table keeps no time of its rows.
   */
  readonly time?: (row: Readonly<V>) => number;
}

/** A record of a table's changes as the operator takes it. `key`, `row`: null for a tombstone. `id`: of the row. */
export type WrittenChange = readonly [
  ...[partition: number, task: string, epoch: number, seq: number],
  ...[key: ChangedRow["key"] | null, row: ChangedRow["row"] | null, id?: Key],
];

/** The column that stands for a key, whatever columns it has: not everybody knows those of a row that is gone. */
const KEY = "key";

/**
 * Adds the changes of a table as events: its rows go to an internal topic, as a table's topic has them, and that is
 * read as a stream. @throws TypeError for a global table
 */
export function addTableChanges(
  table: object,
  { name: given, time }: ToStreamOptions<never>,
): StreamPlace {
  const { graph, node, root } = inside(table);
  refuseGlobal(graph, graph.nodes[node]);
  const name = given ?? root;
  const known = graph.streams.find((one) => one.op === "tableChanges" && one.name === nameOf(name));
  const isSame = known?.op === "tableChanges" && known.table === node && known.time === time;
  if (!isSame) {
    graph.claim(nameOf(name), "Give one of the streams a name of its own: builder.toStream(table, { name: ... })");
  }
  if (known !== undefined) return { graph, node: known.id, root: name };
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    graph.problems.push(
      `Cannot use "${name}" as the name of a stream of changes: it names topics. Use letters, digits, "-" and "_": ` +
        "builder.toStream(table, { name: ... })",
    );
  }
  const topic = `weir.${graph.topology}.${name}.changes`;
  const sink = topicSink({
    topic,
    ...{ key: "json", keyDeclared: false, keyColumns: null, value: "json", columns: null, partitions: null },
    ...{ retentionMs: -1, guarantee: "at_least_once", changes: true },
  });
  graph.add({ op: "sink", name: sink.name, input: node, sink });
  const events = graph.events(changesSource({ name, topic, time }));
  const read = graph.addStream({ op: "mapValues", name: `${name}.rows.read`, inputs: [events], mapper: written });
  const id = graph.addStream({
    op: "tableChanges",
    name: nameOf(name),
    inputs: [read],
    table: node,
    time,
    groupBy: ([, , , , , , id]: WrittenChange) => ({ [KEY]: id }),
  });
  return { graph, node: id, root: name };
}

function nameOf(name: string): string {
  return `${name}-changes`;
}

function refuseGlobal({ nodes }: Pick<Graph, "nodes">, node: LogicalNode): void {
  if (node.op === "source" && node.global) {
    throw new TypeError(
      `Cannot make a stream of global table "${node.name}": every instance has all of it, and would tell each ` +
        "change. Declare it with builder.table",
    );
  }
  for (const input of inputsOf(node).slice(0, 1)) refuseGlobal({ nodes }, nodes[input]);
}

function changesSource(
  { name, topic, time }: Pick<ToStreamOptions<never>, "time"> & { readonly name: string; readonly topic: string },
): EventSpec {
  const timeOf = (text: string | null, { timestampUs }: RecordMetadata) =>
    text === null ? timestampUs : time!(readChangedRow(text).row as never);
  return {
    name: `${name}.rows`,
    topic,
    ...{ key: "text", value: "text", from: "earliest", nullValues: true, dropsRepeats: false, changes: null },
    time: time === undefined ? null : timeOf as EventSpec["time"],
    internal: true,
  };
}

/** @throws TypeError for a record that no task has written */
function written(text: string | null, _key: unknown, { partition, headers, topic }: RecordMetadata): WrittenChange {
  const mark = rowMarkIn(headers);
  if (mark === null) {
    throw new TypeError(`Topic "${topic}" is for changes of a table, and another program has written to it`);
  }
  const { task, epoch, seq } = mark;
  const { key, row } = text === null ? NOTHING : readChangedRow(text);
  return [partition, task, epoch, seq, key, row, parseKeyText(mark.key)];
}

const NOTHING = { key: null, row: null };
