import { TopologyError } from "../record/errors.ts";
import { typeProblem } from "../record/type_problem.ts";
import type { AppendSpec } from "./append_sink.ts";
import { declaredHere } from "./declared_here.ts";
import { Graph } from "./graph.ts";
import type { LogicalNode } from "./logical.ts";
import type { SinkSpec } from "./sink.ts";
import { sampleProblems } from "./sample_problems.ts";
import { type Change, type ChangeOptions, changesSpec, type FullChangeOptions } from "./changes.ts";
import { EventSource } from "./events.ts";
import type { RowOf, Source } from "./source.ts";
import type { StreamNode } from "./stream_nodes.ts";
import { type ChangeKey, changesOf } from "./stream_tables.ts";
import type { ToStreamOptions } from "./table_changes.ts";
import { KStream } from "./streams.ts";
import { tableTopicProblems, topicProblems } from "./topic_sink.ts";
import { GlobalKTable } from "./global_tables.ts";
import { KTable } from "./tables.ts";
import { tableClash, writtenTables } from "./written_tables.ts";

/** Hands out the tables and streams of one topology. */
export class TopologyBuilder {
  readonly #graph: Graph;

  /** @ignore Made by {@link topology}. */
  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** The topic as a partitioned table: one task a partition. */
  table<K extends RowOf, V extends RowOf>(source: Source<K, V>): KTable<K, V> {
    return new KTable({
      graph: this.#graph,
      node: this.#graph.source(source.spec, false),
      root: source.spec.name,
    });
  }

  /** The topic as a table that every instance holds whole: for small dimensions, joined without traffic. */
  globalTable<K extends RowOf, V extends RowOf>(source: Source<K, V>): GlobalKTable<K, V> {
    return new GlobalKTable({
      graph: this.#graph,
      node: this.#graph.source(source.spec, true),
      root: source.spec.name,
    });
  }

  /**
   * Kafka Streams' `table.toStream()`: the changes of a table as events: the new row, or null where a row is gone.
   * Keys are the columns of the table's key; of windows with `window_end`, too: a session that grows is gone, and there
   * again as a longer one.
   *
   * Of an aggregate over a stream every change is an event, with the aggregate's time; of windows that are told when
   * they close (`emit("close")`) each row comes once.
   *
   * Of any other table each change that is written is an event, once: no two events of a key in a row are equal, the
   * last one is the row that the table has, and they are in the order in which the row changed. Rows that replace each
   * other within moments, or while nobody runs, may be passed over, as by Kafka Streams' caches. It begins with the
   * rows that are there. Changes go through internal topics; the time of an event is when its change was written, if
   * nothing else is declared.
   * @throws TypeError for a global table
   */
  toStream<K extends RowOf, V extends RowOf>(
    table: KTable<K, V>,
    options: ToStreamOptions<V> = {},
  ): KStream<ChangeKey<K>, V | null> {
    return new KStream(changesOf(table, options));
  }

  /** The topic as a stream of events: one task a partition. */
  stream<K, V>(source: EventSource<K, V>): KStream<K, V>;
  /**
   * The changes of a Debezium topic as events, with the row before updates and deletes, which the records must have.
   * Keys are the columns of the primary key; null for a TRUNCATE.
   */
  stream<K extends RowOf, V extends RowOf>(
    source: Source<K, V>,
    options: FullChangeOptions<Change<V, V>>,
  ): KStream<K | null, Change<V, V>>;
  /**
   * The changes of a Debezium topic as events. Keys are the columns of the primary key; null for a TRUNCATE. Tombstones
   * are passed over, and counted. Of a compacted topic there are the changes that compaction has left.
   */
  stream<K extends RowOf, V extends RowOf>(
    source: Source<K, V>,
    options?: ChangeOptions<Change<V>>,
  ): KStream<K | null, Change<V>>;
  stream(
    source: EventSource<unknown, unknown> | Source<RowOf, RowOf>,
    options: Partial<FullChangeOptions<never>> = {},
  ): KStream<unknown, unknown> {
    const spec = source instanceof EventSource ? source.spec : changesSpec(source.spec, options);
    return new KStream({ graph: this.#graph, node: this.#graph.events(spec), root: spec.name });
  }
}

/** A declared topology: a name and its operators as plain data, inputs before outputs. */
export interface Topology {
  /** Names its group, inboxes and metrics. */
  readonly name: string;
  /** @ignore Operators as plain data, inputs before outputs. */
  readonly nodes: readonly LogicalNode[];
  /** @ignore Operators of streams, inputs before outputs. */
  readonly streams: readonly StreamNode[];
}

/**
 * Declares a topology. `declare` runs once, at once; the result is a value that can be described, compiled and run.
 * Each topology is its own consumer group.
 *
 * @throws TopologyError with ALL problems of the declaration
 */
export function topology(name: string, declare: (builder: TopologyBuilder) => void): Topology {
  const graph: Graph = new Graph(name, (node, root) => new KTable({ graph, node, root }));
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) {
    graph.problems.push(
      `Cannot use "${name}" as a topology's name: it names topics and a group. Use lower-case letters, digits, ` +
        `"-" and "_"`,
    );
  }
  declare(new TopologyBuilder(graph));
  graph.close();
  const ends = [
    ...graph.nodes.filter((node) => node.op === "sink" && node.sink.output?.changes !== true),
    ...graph.streams.filter((node) => ["append", "output", "peek"].includes(node.op)),
  ];
  if (ends.length === 0) graph.problems.push(`It writes nothing. End it with .to(clickhouse("table", {...}))`);
  const read = new Set(
    [...graph.nodes, ...graph.streams].flatMap((node) => "source" in node ? [node.source.topic] : []),
  );
  for (const node of graph.nodes) {
    if (node.op !== "sink") continue;
    const { output } = node.sink;
    if (output === undefined) checkSink(node.sink, graph.problems);
    else if (!output.changes) graph.problems.push(...topicProblems(output, { read }), ...tableTopicProblems(output));
  }
  for (const node of graph.streams) {
    if (node.op === "append") checkAppend(node.sink, graph.problems);
    else if (node.op === "output") graph.problems.push(...topicProblems(node.sink, { read }));
  }
  const tables = writtenTables(graph);
  graph.problems.push(...tables.flatMap((one, index) =>
    tables.slice(index + 1).flatMap((other) => {
      const clash = tableClash(one, other);
      return clash === null ? [] : [`Two sinks clash: ${clash}. Rename one`];
    })
  ));
  if (graph.problems.length === 0) graph.problems.push(...sampleProblems(graph));
  if (graph.problems.length > 0) throw new TopologyError(name, graph.problems);
  return declaredHere({ name, nodes: graph.nodes, streams: graph.streams });
}

/** What every sink has that is to be checked. */
type AnySink = Pick<SinkSpec, "name" | "columns">;

function checkAppend(sink: AppendSpec, problems: string[]): void {
  checkTable(sink, problems);
  for (const column of sink.orderBy) {
    if (!(column in sink.columns)) {
      problems.push(`Column "${column}" by which sink "${sink.name}" is sorted is not among its columns`);
    }
  }
}

function checkSink(sink: AnySink & Pick<SinkSpec, "key">, problems: string[]): void {
  if (sink.key.length === 0) {
    problems.push(`Sink "${sink.name}" has no key. Name the columns that carry the table's key: key: ["id"]`);
  }
  for (const column of sink.key) {
    if (!(column in sink.columns)) {
      problems.push(`Key column "${column}" of sink "${sink.name}" is not among its columns`);
    }
  }
  checkTable(sink, problems);
}

function checkTable(sink: AnySink, problems: string[]): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(sink.name)) {
    problems.push(`Cannot use "${sink.name}" as a ClickHouse table: use letters, digits and "_"`);
  }
  for (const [column, type] of Object.entries(sink.columns)) {
    if (column.startsWith("_")) {
      problems.push(`Column "${column}" of sink "${sink.name}" begins with "_", which is kept for bookkeeping`);
    }
    const problem = typeProblem(type);
    if (problem !== null) problems.push(`Column "${column}" of sink "${sink.name}": ${problem}`);
  }
}
