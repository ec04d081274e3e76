import { asKeyValue, type KeyColumn } from "../record/key_column.ts";
import type { Graph } from "./graph.ts";
import type { AnyKey, AnyRow, SourceNode } from "./logical.ts";
import type { RowOf } from "./source.ts";
import type { GroupSelector } from "./stream_nodes.ts";
import { inside, isStream, type StreamPlace } from "./stream_place.ts";
import type { EventCallback } from "./events.ts";
import { keyColumnsOf } from "./key_columns.ts";
import { inside as tablePlace, type Place } from "./table_place.ts";
import { type Duration, durationUs } from "./time.ts";

/**
 * Which events of two streams belong together by their times: a right event may be so much earlier or later than the
 * left one, both ends included.
 */
export type Within = Duration | { readonly before: Duration; readonly after: Duration };

/** How two streams are joined. `G`: the columns of the join, which are the results' key. */
export interface StreamJoinOptions<K, V, RK, RV, G extends RowOf> {
  /**
   * The columns of a left event and of a right one; those of which all are equal belong together. Null: the event has
   * no partner. Both may call them as they like in the events, and must call them the same here.
   */
  readonly on: readonly [left: EventCallback<K, V, G | null>, right: EventCallback<RK, RV, NoInfer<G> | null>];
  /** `{ minutes: 10 }`: ten minutes earlier to ten minutes later. */
  readonly within: Within;
  /**
   * How late an event may be: partners are kept, and events of which a left or outer join tells that they have none
   * wait, for so much longer. Default: not at all. An event that is late itself, so that its last partner would be
   * earlier than the newest event of the partition, does not wait: a left or outer join tells it at once with null, as
   * Kafka Streams does, and again with each partner that comes within the grace; both results stay. Where events have
   * gathered, as while nothing ran, those of one stream wait for those of the other of the same time; only while nobody
   * reads one of them may the other be ahead, by up to a quarter of a minute.
   */
  readonly grace?: Duration;
}

/** How a stream is joined with a table that remembers its history. */
export interface VersionedJoinOptions<K, V, F> {
  /** The key of the row: one column's value, or an object of several. */
  readonly on: EventCallback<K, V, F>;
  /**
   * How long the table remembers rows that were replaced, behind its newest change: each event is joined with the row
   * of its own time, also one that comes late, or before the row does. Its newest rows are always known.
   */
  readonly versioned: Duration;
  /**
   * How long an event waits for rows that come late: until the newest event of its partition is so much newer. No
   * longer than the history. Default: not at all.
   */
  readonly grace?: Duration;
}

/** A foreign key into a table, or how it is joined by the time of events. */
export type TableJoinOptions<K, V, F> = EventCallback<K, V, F> | VersionedJoinOptions<K, V, F>;

/** What a join of a stream takes, its types erased. */
export type AnyJoinOptions =
  | TableJoinOptions<AnyKey, AnyRow, unknown>
  | StreamJoinOptions<AnyKey, AnyRow, AnyKey, AnyRow, RowOf>;

/** What the overloads of a join come to. */
interface AnyJoin {
  readonly kind: "inner" | "left" | "outer";
  readonly columns: { readonly left: string | null; readonly right: string };
  readonly right: object;
  readonly options: AnyJoinOptions;
}

/** Adds the join of a stream with another stream, a table or a global table. @throws TypeError */
export function joined(stream: object, join: AnyJoin): StreamPlace {
  const { graph, node, root } = inside(stream);
  const { right, columns: { right: column } } = join;
  const other = isStream(right) ? inside(right).graph : tablePlace(right).graph;
  if (other !== graph) {
    const what = isStream(right) ? "stream" : "table";
    throw new TypeError(
      `Cannot join "${column}" with a ${what} of another topology. Declare both with the same builder`,
    );
  }
  const name = `${root}.${column}`;
  graph.claim(name, "Give one of the joins another column name");
  const place = { graph, node, root };
  const id = isStream(right) ? streamJoin(place, { ...join, name }) : tableJoin(place, { ...join, name });
  return { graph, node: id, root };
}

interface NamedJoin extends AnyJoin {
  readonly name: string;
}

function streamJoin({ graph, node }: StreamPlace, { kind, name, columns, right, options }: NamedJoin): number {
  const { on: [left, other], within, grace } = options as StreamJoinOptions<AnyKey, AnyRow, AnyKey, AnyRow, RowOf>;
  checkName(graph, { name, column: columns.right });
  if (columns.left === columns.right) {
    graph.problems.push(`Both sides of join "${name}" are called "${columns.right}". Name the columns apart`);
  }
  return graph.addStream({
    op: "streamJoin",
    name,
    kind,
    inputs: [node, inside(right).node],
    groupBys: [left as GroupSelector, other as GroupSelector],
    ...withinUs(within),
    graceUs: grace === undefined ? 0 : durationUs(grace),
    columns,
  });
}

function withinUs(within: Within): { readonly beforeUs: number; readonly afterUs: number } {
  if ("before" in within) return { beforeUs: durationUs(within.before), afterUs: durationUs(within.after) };
  return { beforeUs: durationUs(within), afterUs: durationUs(within) };
}

function tableJoin(place: StreamPlace, { kind, name, columns, right, options }: NamedJoin): number {
  const { graph, node } = place;
  const { on, versioned, grace } = typeof options === "function"
    ? { on: options, versioned: undefined, grace: undefined }
    : options as VersionedJoinOptions<AnyKey, AnyRow, unknown>;
  const table = tablePlace(right);
  const common = { name, kind: kind as "inner" | "left", inputs: [node], right: table.node, column: columns.right };
  const source = sourceOf(table);
  if (source?.global === true) {
    if (versioned !== undefined) throw globalHistory(name);
    return graph.addStream({ ...common, op: "globalJoin", foreignKey: on });
  }
  checkName(graph, { name, column: columns.right });
  graph.problems.push(...tableProblems(table, name));
  const historyUs = versioned === undefined ? null : durationUs(versioned);
  const graceUs = grace === undefined ? 0 : durationUs(grace);
  if (historyUs !== null && graceUs > historyUs) {
    graph.problems.push(
      `Join "${name}" lets events wait for longer than its table remembers rows: its grace is ${graceUs} us, its ` +
        `history ${historyUs} us. Make "versioned" at least as long as "grace"`,
    );
  }
  const readers = source === null ? [] : keyColumnsOf(source.source);
  const keyColumns = readers.map(({ name }) => name);
  const groupBy: GroupSelector = (value, key, metadata) => columnsOf(on(value, key, metadata), readers);
  return graph.addStream({ ...common, op: "tableJoin", keyColumns, groupBy, historyUs, graceUs });
}

/** The topic that its rows come from, of its first input; null if these are results. */
function sourceOf({ graph, node }: Place): SourceNode | null {
  for (let at = graph.nodes[node];; at = graph.nodes[at.input]) {
    if (at.op === "source") return at;
    if (!("input" in at)) return null;
  }
}

/** What a foreign key says of the table's key columns, as their readers make it. @throws TypeError for a missing one */
function columnsOf(given: unknown, keyColumns: readonly KeyColumn[]): Readonly<Record<string, unknown>> | null {
  if (given === null) return null;
  // A Decimal is an object, and one value.
  const columns = typeof given === "object" && !("toJSON" in given)
    ? given as Readonly<Record<string, unknown>>
    : { [keyColumns[0].name]: given };
  for (const { name } of keyColumns) {
    if (columns[name] !== undefined) continue;
    throw new TypeError(
      `Cannot use a foreign key without "${name}": is a column misspelt in what the callback reads? ` +
        "Return every key column of the table, or null for no partner",
    );
  }
  return Object.fromEntries(keyColumns.map((column) => [column.name, asKeyValue(column, columns[column.name])]));
}

/** Its changes are read from its topic as events, so nothing may be in it that comes from elsewhere. */
function tableProblems({ graph, node }: Place, name: string): string[] {
  for (let at = graph.nodes[node];; at = graph.nodes[at.input]) {
    if (at.op === "source") return [];
    if (at.op === "filter" || at.op === "filterNot" || at.op === "mapValues") continue;
    return [
      `Cannot join "${name}": its table has "${at.name}" (${at.op}), and a stream takes a table as its topic has it. ` +
      "Use builder.table(...), filtered and mapped at most, or a global table",
    ];
  }
}

function checkName(graph: Graph, { name, column }: { readonly name: string; readonly column: string }): void {
  if (/^[A-Za-z0-9_-]+$/.test(column)) return;
  graph.problems.push(`Cannot name join "${name}": it names a topic. Use letters, digits, "-" and "_" for its column`);
}

function globalHistory(name: string): TypeError {
  return new TypeError(
    `Cannot join "${name}" by the time of events: a global table has its newest rows alone. Declare it with ` +
      "builder.table, or leave out versioned",
  );
}
