import type { ProcessNode, StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import type { StagePlan } from "../../plan/physical.ts";
import type { StoreSpec as ProcessorStore } from "../../dsl/processor_stores.ts";
import { type EntryPlace, storedEntry } from "../../processor/stateful/stored_entry.ts";
import { WINDOW_END, WINDOW_START } from "../../processor/stateful/result_of.ts";
import { resultRows } from "../../processor/stateful/stream_aggregate.ts";
import { type Key, keyOfColumns } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { taskId } from "../../record/task_id.ts";
import type { Element, KeyedElements } from "../../state/keyed_elements.ts";
import type { Instance, StreamView } from "../lifecycle/instance.ts";
import type { PartStanding, StoreItem, StorePart, UnmaskedStore } from "./store.ts";

/** Column of a key of a processor's store: under which key of its own the processor has put the value. */
const ENTRY = "entry";

/** The last key columns of a processor's store, by its kind. */
const PLACE_COLUMNS: Readonly<Record<ProcessorStore["kind"], readonly string[]>> = {
  "key-value": [ENTRY],
  window: [WINDOW_START],
  session: [WINDOW_START, WINDOW_END],
};

/** How the elements of a key are items of a store. */
interface Shown {
  /** The last key columns, beside those of the group. */
  readonly columns: readonly string[];
  /** The item that an element is, with the values of these; null: it is none. */
  item(columns: Row, element: Element): { readonly last: readonly unknown[]; readonly value: unknown } | null;
}

/** What an aggregate over a stream keeps: totals of its groups, or of the windows that are not closed. */
export function aggregateStore(
  instance: Instance,
  { plan, node, name }: { readonly plan: StagePlan; readonly node: StreamAggregateNode; readonly name: string },
): UnmaskedStore {
  const rowOf = resultRows(node);
  const windowed = node.window !== null;
  const shown: Shown = {
    columns: windowed ? [WINDOW_START] : [],
    // What is numbered is what results are made of.
    item: (columns, element) =>
      element.seq > 0 ? null : { last: windowed ? [element.start] : [], value: rowOf(columns, element) },
  };
  const kind = windowed ? "windows" : "aggregate";
  return { name, kind, windowed, ...partitionsOf(instance, { plan, shown }) };
}

/** One of the stores of a processor. */
export function processorStore(
  instance: Instance,
  { plan, node, store }: { readonly plan: StagePlan; readonly node: ProcessNode; readonly store: ProcessorStore },
): UnmaskedStore {
  const { kind } = store;
  const shown: Shown = {
    columns: PLACE_COLUMNS[kind],
    item(_, element) {
      const entry = storedEntry(element);
      return entry === null || entry.store !== store.name ? null : { last: valuesOf(entry.at), value: entry.value };
    },
  };
  const name = `${node.name}.${store.name}`;
  return { name, kind, windowed: kind !== "key-value", ...partitionsOf(instance, { plan, shown }) };
}

function valuesOf(at: EntryPlace): readonly unknown[] {
  return typeof at === "object" ? at : [at];
}

function partitionsOf(
  { streams, topics }: Instance,
  { plan, shown }: { readonly plan: StagePlan; readonly shown: Shown },
): Pick<UnmaskedStore, "partitions" | "parts"> {
  const { partitions } = topics.streams.get(plan.repartition)!;
  return {
    partitions,
    parts() {
      const parts: StorePart[] = [];
      for (let partition = 0; partition < partitions; partition++) {
        const stream = streams.get(taskId(plan.name, partition));
        if (stream !== undefined) parts.push(partOf(stream, shown));
      }
      return parts;
    },
  };
}

function standingOf({ topic, partition, state, position, end, stage }: StreamView): PartStanding {
  const known = stage !== null;
  return {
    partition,
    state: state === "running" && known ? "running" : "restoring",
    position: known ? [{ topic, partition, offset: position }] : [],
    lag: known ? Math.max(0, end - position) : null,
  };
}

function partOf(stream: StreamView, shown: Shown): StorePart {
  const elements = stream.stage?.elements ?? null;
  const standing = () => standingOf(stream);
  if (elements === null) return { standing, columns: () => null, find: () => [], items: () => [] };
  return {
    standing,
    columns() {
      const [first] = elements.keys();
      const columns = first === undefined ? undefined : elements.columnsOf(first);
      if (columns === undefined) return null;
      const names = [...namesOf(columns), ...shown.columns];
      return names.map((name) => ({ name, text: "as_is" }));
    },
    find(values) {
      const [first] = elements.keys();
      if (first === undefined) return [];
      const names = namesOf(elements.columnsOf(first)!);
      if (values.length < names.length) return null;
      const key = keyOfColumns(Object.fromEntries(names.map((name, index) => [name, values[index]])));
      // A time or an entry that is given may be several values, for each of which is asked.
      return [...itemsOf(elements, { key, shown })].filter((item) =>
        values.every((value, at) => at < names.length || item.key[at] === value)
      );
    },
    *items() {
      for (const key of elements.keys()) yield* itemsOf(elements, { key, shown });
    },
  };
}

/** Columns of a group have no order but that of their names. */
function namesOf(columns: Row): string[] {
  return Object.keys(columns).sort();
}

function* itemsOf(
  elements: KeyedElements,
  { key, shown }: { readonly key: Key; readonly shown: Shown },
): Generator<StoreItem> {
  const columns = elements.columnsOf(key);
  if (columns === undefined) return;
  const group = namesOf(columns).map((name) => columns[name]);
  for (const element of [...elements.of(key)]) {
    const item = shown.item(columns, element);
    if (item === null) continue;
    yield {
      key: [...group, ...item.last],
      value() {
        const now = elements.find(key, element);
        const held = now === undefined ? null : shown.item(columns, now);
        // Another one may stand where it was.
        return held?.last.every((value, at) => value === item.last[at]) === true ? held.value : undefined;
      },
    };
  }
}
