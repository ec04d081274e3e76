import type { RecordMetadata } from "../dsl/events.ts";
import type { GlobalJoinNode, StreamNode } from "../dsl/stream_nodes.ts";
import type { LookupPlan } from "../plan/physical.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { columnAdded } from "./column_added.ts";
import { eventCountsOf } from "./event_counts.ts";
import { foreignKeyOf, noForeignKey } from "./lookup_join.ts";
import { type OutputRecord, outputRecords } from "./output_record.ts";
import { shownValue } from "./shown_value.ts";

/** What operators are wired to. */
export interface OperatorPorts {
  /** The row that a global table has for a key now; null if it has none. */
  readonly find: (lookup: LookupPlan, key: Key) => Row | null;
  /** The event goes into an append table: one of the plan's sinks, by name. */
  readonly append: (sink: string, event: { readonly row: Row; readonly key: unknown }) => void;
  /** The event goes into a topic for others: one of the plan's outputs. @throws LimitError | TypeError */
  readonly output: (topic: string, record: OutputRecord) => void;
  /** The event is in no group of a stage, as its key or its value is null, or an inner join has no key for it. */
  readonly onSkipped: (reason: "null_group" | "null_value" | "null_key", at: StreamNode) => void;
  /** Whether what runs has run before, so that it does not count; absent: never. */
  readonly repeats?: () => boolean;
}

/** Key and value. */
export type Event = readonly [unknown, unknown];

/** The events that an operator makes of one. @throws what its callback throws */
export type Operator = (value: unknown, key: unknown, metadata: RecordMetadata) => readonly Event[];

const NONE: readonly Event[] = [];

/** Null where events go on as they are. */
export function operatorOf(
  node: StreamNode,
  { lookups, ports }: { readonly lookups: readonly LookupPlan[]; readonly ports: OperatorPorts },
): Operator | null {
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
  { lookup, ports: { find, onSkipped, repeats } }: { readonly lookup: LookupPlan; readonly ports: OperatorPorts },
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
      onSkipped("null_key", node);
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

/** @throws TypeError for what is none */
export function rowOf(value: unknown): Row {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
  throw new TypeError(`Cannot take ${shownValue(value)} as a row: map it to an object with mapValues()`);
}

/** As dead letters name an event; it need not be one that can be a key of a table. */
export function keyShown(key: unknown): string {
  try {
    return JSON.stringify(key, (_, part) => typeof part === "bigint" ? String(part) : part) ?? String(key);
  } catch {
    return String(key);
  }
}
