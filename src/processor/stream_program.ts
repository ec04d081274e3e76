import type { RecordMetadata } from "../dsl/events.ts";
import type { GlobalJoinNode, GroupSelector, StatefulNode, StreamNode } from "../dsl/stream_nodes.ts";
import type { EventFlow, LookupPlan, ShufflePlan } from "../plan/physical.ts";
import { ProcessorError } from "../record/errors.ts";
import type { RecordHeaders } from "../record/headers.ts";
import { type Key, keyOfColumns } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { columnAdded } from "./column_added.ts";
import { eventCountsOf } from "./event_counts.ts";
import { type OutputRecord, outputRecords } from "./output_record.ts";
import { foreignKeyOf, noForeignKey } from "./lookup_join.ts";
import { shownValue } from "./shown_value.ts";
import type { KeyedEvent, KeylessEvent } from "./stateful/stateful.ts";

/** What runs behind an operator. */
type Next = (value: unknown, key: unknown, metadata: RecordMetadata) => void;

/** What a stream's program is wired to. */
export interface StreamPorts {
  /** The row that a global table has for a key now; null if it has none. */
  readonly find: (lookup: LookupPlan, key: Key) => Row | null;
  /** The event goes into an append table: one of the plan's sinks, by name. */
  readonly append: (sink: string, event: { readonly row: Row; readonly key: unknown }) => void;
  /** The event goes into a topic for others: one of the plan's outputs. @throws LimitError | TypeError */
  readonly output: (topic: string, record: OutputRecord) => void;
  /** The event goes into an input of a stage. @throws TypeError for a value that no other task can be told */
  readonly shuffle: (plan: ShufflePlan, event: ShuffledEvent) => void;
  /** The event is in no group of a stage, as its key or its value is null, or an inner join has no key for it. */
  readonly onSkipped: (reason: "null_group" | "null_value" | "null_key") => void;
  /** Whether what runs has run before, so that it does not count; absent: never. */
  readonly repeats?: () => boolean;
  /** A callback threw, or returned what it must not: this event goes no further there. */
  readonly onError: (error: ProcessorError) => void;
}

/** An event on its way into a stage; it may be in no group. `headers`: of the record that it was made of. */
export type ShuffledEvent = (KeyedEvent | (KeylessEvent & { readonly key: null; readonly columns: null })) & {
  readonly headers: RecordHeaders;
};

/** How events are put into the groups of a stage. */
export type GroupsOf = (plan: ShufflePlan) => {
  readonly node: StatefulNode;
  readonly groupBy: GroupSelector;
  /** Whether it takes events that are in no group. */
  readonly keyless: boolean;
  /** What it takes instead of a value, which may be null then; null: it takes values. */
  readonly change: ((row: Row | null, key: Row) => unknown) | null;
  /** Whether it takes events without a value. */
  readonly nulls: boolean;
  /** False: it does not look at values. Then none are given to it, as they are most of what an event is. */
  readonly needsValues: boolean;
};

/**
 * What happens with the events of one topic, or with what a stage forwards, operator by operator, each event through
 * all of them before the next one.
 * It keeps nothing of an event. Where a callback throws, the event ends there, and nowhere else.
 *
 * Law: what comes out is what each operator's docstring in `dsl/streams.ts` says, in the order of the operators' ids
 * where a stream is used several times.
 */
export function streamProgram(
  { nodes, lookups, shuffles, groupsOf }: Pick<EventFlow, "nodes" | "lookups" | "shuffles"> & {
    readonly groupsOf: GroupsOf;
  },
  ports: StreamPorts,
): Next {
  const made = new Map<number, Next>();
  // From the ends to the beginning: what runs behind an operator is there when it is made.
  for (const node of nodes.toReversed()) {
    const after = nodes.flatMap(({ id, inputs }) =>
      inputs.flatMap((input) => input === node.id ? [made.get(id)!] : [])
    );
    const into = shuffles.filter(({ from }) => from === node.id).map((plan) => shuffle(plan, groupsOf(plan), ports));
    made.set(node.id, operator(node, { next: inOrder([...after, ...into]), lookups, ports }));
  }
  return made.get(nodes[0].id)!;
}

function inOrder(all: readonly Next[]): Next {
  if (all.length === 1) return all[0];
  return (value, key, metadata) => {
    for (const next of all) next(value, key, metadata);
  };
}

function shuffle(
  plan: ShufflePlan,
  { node, groupBy, keyless, change, nulls, needsValues }: ReturnType<GroupsOf>,
  { shuffle, onSkipped, onError, repeats }: StreamPorts,
): Next {
  const counts = eventCountsOf(node);
  const inNone = (reason: "null_group" | "null_value") => {
    if (repeats?.() !== true) {
      counts.in++;
      counts.nullKeys++;
    }
    onSkipped(reason);
  };
  return (value, key, metadata) => {
    if (value === null && change === null && !nulls) return inNone("null_value");
    try {
      const columns = groupBy(value, key, metadata);
      const { timestampUs, headers } = metadata;
      if (columns === null) {
        return keyless ? shuffle(plan, { key: null, columns, value, timestampUs, headers }) : inNone("null_group");
      }
      if (Object.keys(rowOf(columns)).length === 0) {
        throw new TypeError("A group has no columns: return an object of at least one");
      }
      refuseUndefined(columns);
      const needed = needsValues ? value : null;
      const taken = change === null ? needed : change(value as Row | null, key as Row);
      shuffle(plan, { key: keyOfColumns(columns), columns, value: taken, timestampUs, headers });
    } catch (cause) {
      if (repeats?.() !== true) {
        counts.in++;
        counts.errors++;
      }
      onError(new ProcessorError(node.name, keyShown(key), { cause, row: value }));
    }
  };
}

/** Taken for null, all events would be in one group, without a word, for a column that is misspelt. */
function refuseUndefined(columns: Readonly<Record<string, unknown>>): void {
  for (const name in columns) {
    if (columns[name] !== undefined) continue;
    throw new TypeError(
      `Cannot group by "${name}": current value is undefined. Is it misspelt in what the callback reads? ` +
        "Return null for events that are in no group",
    );
  }
}

interface Surroundings {
  readonly next: Next;
  readonly lookups: readonly LookupPlan[];
  readonly ports: StreamPorts;
}

/** Operators that take their events from a topic of their own. */
const STATEFUL: ReadonlySet<StreamNode["op"]> = new Set<StatefulNode["op"]>([
  ...["streamAggregate", "suppress", "streamJoin", "tableJoin", "process", "repartition"] as const,
]);

/** Key and value. */
type Event = readonly [unknown, unknown];

/** The events that an operator makes of one. @throws what its callback throws */
type Operator = (value: unknown, key: unknown, metadata: RecordMetadata) => readonly Event[];

const NONE: readonly Event[] = [];

function operator(node: StreamNode, surroundings: Surroundings): Next {
  const { next, ports } = surroundings;
  const { repeats } = ports;
  const counts = eventCountsOf(node);
  const run = operatorOf(node, surroundings);
  if (run === null) {
    // What comes to a stateful operator is counted where it is taken.
    const takes = STATEFUL.has(node.op) ? 0 : 1;
    return (value, key, metadata) => {
      if (repeats?.() !== true) {
        counts.in += takes;
        counts.out++;
      }
      if (counts.tapped !== null) counts.tapped(value, key);
      next(value, key, metadata);
    };
  }
  const ends = node.op === "append" || node.op === "output" ? 1 : 0;
  const filters = node.op === "filter" || node.op === "branch" ? 1 : 0;
  return (value, key, metadata) => {
    const counted = repeats?.() !== true;
    if (counted) counts.in++;
    let events: readonly Event[];
    try {
      events = run(value, key, metadata);
    } catch (cause) {
      if (counted) counts.errors++;
      return ports.onError(new ProcessorError(node.name, keyShown(key), { cause, row: value }));
    }
    if (counted) {
      counts.out += events.length + ends;
      if (events.length === 0) counts.filtered += filters;
    }
    const { tapped } = counts;
    if (tapped !== null) { for (const [passed, told] of ends === 1 ? [[key, value]] : events) tapped(told, passed); }
    for (const [newKey, newValue] of events) next(newValue, newKey, metadata);
  };
}

/** Null where events go on as they are. */
function operatorOf(node: StreamNode, { lookups, ports }: Surroundings): Operator | null {
  switch (node.op) {
    case "events":
    case "merge":
    case "streamAggregate":
    case "suppress":
    case "streamJoin":
    case "tableJoin":
    case "process":
    case "repartition":
    case "tableChanges":
    case "updates":
      return null;
    case "filter":
      return (value, key, metadata) => node.predicate(value, key, metadata) ? [[key, value]] : NONE;
    case "branch":
      return (value, key, metadata) => {
        const first = node.predicates.findIndex((predicate) => predicate(value, key, metadata));
        return (first < 0 ? node.predicates.length : first) === node.branch ? [[key, value]] : NONE;
      };
    case "mapValues":
      return (value, key, metadata) => [[key, node.mapper(value, key, metadata)]];
    case "flatMapValues":
      return (value, key, metadata) => all(node.mapper(value, key, metadata)).map((one) => [key, one]);
    case "map":
      return (value, key, metadata) => [pair(node.mapper(value, key, metadata))];
    case "flatMap":
      return (value, key, metadata) => all(node.mapper(value, key, metadata)).map(pair);
    case "selectKey":
      return (value, key, metadata) => [[node.mapper(value, key, metadata), value]];
    case "peek":
      return (value, key, metadata) => {
        node.action(value, key, metadata);
        return [[key, value]];
      };
    case "globalJoin":
      return globalJoin(node, { lookup: lookups.find(({ name }) => name === node.name)!, ports });
    case "output": {
      const made = outputRecords(node);
      return (value, key, metadata) => {
        ports.output(node.name, made(value, key, metadata));
        return NONE;
      };
    }
    case "append":
      return (value, key) => {
        ports.append(node.name, { row: rowOf(value), key });
        return NONE;
      };
  }
}

function globalJoin(
  node: GlobalJoinNode,
  { lookup, ports: { find, onSkipped, repeats } }: { readonly lookup: LookupPlan; readonly ports: StreamPorts },
): Operator {
  const { kind, column, foreignKey } = node;
  const counts = eventCountsOf(node);
  const count = (found: "joined" | "withoutPartner" | "nullKeys") => {
    if (repeats?.() !== true) counts[found]++;
  };
  const keyOf = foreignKeyOf(lookup.keyColumns);
  const withColumn = columnAdded(column);
  return (value, key, metadata) => {
    const raw = foreignKey(value, key, metadata);
    if (raw === undefined) throw noForeignKey();
    if (raw === null && kind === "inner") {
      count("nullKeys");
      onSkipped("null_key");
      return NONE;
    }
    const right = raw === null ? null : find(lookup, keyOf(raw));
    count(raw === null ? "nullKeys" : right === null ? "withoutPartner" : "joined");
    return right === null && kind === "inner" ? NONE : [[key, withColumn(rowOf(value), right)]];
  };
}

/** All at once, so that a callback that throws on its way has given nothing. */
function all(given: unknown): unknown[] {
  if (typeof given === "string" || typeof (given as Iterable<unknown> | null)?.[Symbol.iterator] !== "function") {
    throw new TypeError(`Cannot take ${shownValue(given)} as several events: return an array, or another iterable`);
  }
  return [...given as Iterable<unknown>];
}

function pair(given: unknown): Event {
  if (Array.isArray(given) && given.length === 2) return given as unknown as Event;
  throw new TypeError(`Cannot take ${shownValue(given)} as a key and a value: return [key, value]`);
}

function rowOf(value: unknown): Row {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
  throw new TypeError(`Cannot take ${shownValue(value)} as a row: map it to an object with mapValues()`);
}

/** As dead letters name an event; it need not be one that can be a key of a table. */
function keyShown(key: unknown): string {
  try {
    return JSON.stringify(key, (_, part) => typeof part === "bigint" ? String(part) : part) ?? String(key);
  } catch {
    return String(key);
  }
}
