import { aggregateOf, foldedRow, isFoldedRow } from "../../plan/folded_row.ts";
import { memberTopic } from "../../plan/member_topic.ts";
import type { Member, TaskTable } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import type { KeyColumns } from "../../processor/key_value.ts";
import { WINDOW_START } from "../../processor/stateful/result_of.ts";
import { type Key, keyOf, keyParts, keyText } from "../../record/key.ts";
import { type KeyColumn, keyColumnValue, keyFrom } from "../../record/key_column.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { taskId } from "../../record/task_id.ts";
import type { Entries } from "../../state/entries.ts";
import { NO_SLOT } from "../../state/slots.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { TaskHost } from "../lifecycle/task_host.ts";
import type { Retention } from "../task/retention.ts";
import type { Task } from "../task/task.ts";
import { heldKeyColumns } from "../task/key_columns.ts";
import type { PartStanding, StoreItem, StoreKind, StorePart, UnmaskedStore } from "./store.ts";

const KINDS: Readonly<Record<Member["kind"], StoreKind>> = { source: "table", folded: "results", merge: "grouped" };

/** The rows of one member of a partitioned table, as they were read: before any operator. */
export function tableStore(
  instance: Instance,
  { table, member: index }: { readonly table: TaskTable; readonly member: number },
): UnmaskedStore {
  const member = table.members[index];
  const partitions = instance.topics.partitions[table.index];
  return {
    name: member.name,
    kind: KINDS[member.kind],
    partitions,
    windowed: isWindowed(member),
    parts() {
      const parts: StorePart[] = [];
      for (let partition = 0; partition < partitions; partition++) {
        const part = partOf(instance, { table, index, partition });
        if (part !== null) parts.push(part);
      }
      return parts;
    },
  };
}

function isWindowed(member: Member): boolean {
  return member.kind === "folded" && aggregateOf(member.node).window !== null;
}

/** Which member of which task. */
interface Place {
  readonly table: TaskTable;
  readonly index: number;
  readonly partition: number;
}

/** The task's own part, or that of its standby; null if this instance has neither. */
function partOf(instance: Instance, place: Place): StorePart | null {
  const { table, index, partition } = place;
  const id = taskId(table.name, partition);
  const host = instance.hosts.get(id);
  if (host !== undefined) {
    const { task } = host;
    return partFrom(instance, { ...place, rows: task, standing: () => standingOf(host, index) });
  }
  const standby = instance.standbys.get(id);
  if (standby === undefined || standby.rows === null) return null;
  const { retention } = standby.rows;
  return partFrom(instance, {
    ...place,
    rows: standby.rows,
    standing() {
      const { topic, position: offset } = standby.covered[index];
      const position = [{ topic, partition, offset }];
      return { partition, state: "standby", position, lag: standby.lag, ...horizonOf(retention) };
    },
  });
}

function standingOf(host: TaskHost, index: number): PartStanding {
  const { table, partition, task } = host;
  const member = table.members[index];
  const topic = memberTopic(member);
  const read = task === null
    ? null
    : topic === null
    ? { topic: host.inboxTopic, offset: host.inboxPosition, end: host.inboxEnd }
    : { topic, offset: host.positions[index], end: host.ends[index] };
  const whole = task !== null && task.loaded && (member.kind !== "merge" || task.membersKnown);
  return {
    partition,
    state: whole ? "running" : "restoring",
    position: read === null ? [] : [{ topic: read.topic, partition, offset: read.offset } satisfies Position],
    lag: read === null ? null : Math.max(0, read.end - read.offset),
    ...horizonOf(task?.retention ?? null),
  };
}

function horizonOf(retention: Retention | null): Pick<PartStanding, "horizonUs"> {
  return retention === null || retention.horizonUs === -Infinity ? {} : { horizonUs: retention.horizonUs };
}

/** Rows of a task or of its standby; `rows` null: nothing of them is here yet. */
function partFrom(
  { context }: Instance,
  { table, index, partition, rows, standing }: Place & {
    readonly rows:
      | {
        readonly entries: Entries;
        readonly retention: Retention | null;
        readonly merges?: Task["merges"];
      }
      | null;
    readonly standing: () => PartStanding;
  },
): StorePart {
  if (rows === null) return { standing, columns: () => null, find: () => [], items: () => [] };
  const { entries, retention } = rows;
  const keyColumns = heldKeyColumns(rows, { table, context });
  const order = keyOrder(keyColumns);
  const read = (slot: number) => {
    const row = entries.members[index].read(slot);
    if (row === null || table.members[index].kind !== "folded") return row ?? undefined;
    return isFoldedRow(row) ? foldedRow(row) : undefined;
  };
  // Whether a row of a changelog is a result is known when it is read.
  const holds = table.members[index].kind === "folded"
    ? (slot: number) => read(slot) !== undefined
    : (slot: number) => entries.members[index].has(slot);
  const itemAt = (key: Key): StoreItem => ({
    key: order.values(key),
    value() {
      const slot = entries.keys.find(key);
      return slot === NO_SLOT ? undefined : read(slot);
    },
  });
  // The stage has put all windows of a group into the partition of the group.
  const isHere = (group: readonly unknown[]) =>
    partitionOf(keyText(keyOf(group)), context.partitions[table.index]) === partition;
  return {
    standing,
    columns: () => order.columns(),
    beyondUs(readings) {
      if (retention === null) return null;
      const forgotten = readings.filter((values) => {
        const [startUs, key] = [values.at(-1), order.key(values)];
        if (values.length !== order.columns()?.length || typeof startUs !== "number" || key === null) return false;
        return retention.isForgotten(key, startUs);
      });
      const isKnown = readings.some((values) => {
        const key = order.key(values);
        return key !== null && entries.keys.has(key) && !forgotten.includes(values);
      });
      return !isKnown && forgotten.some((values) => isHere(values.slice(0, -1))) ? retention.horizonUs : null;
    },
    find(values) {
      const columns = order.columns()?.length;
      if (values.length + 1 === columns && isWindowed(table.members[index])) {
        return isHere(values) ? null : [];
      }
      if (values.length !== columns) return null;
      const key = order.key(values);
      const slot = key === null ? NO_SLOT : entries.keys.find(key);
      return slot !== NO_SLOT && holds(slot) ? [itemAt(key!)] : [];
    },
    *items() {
      for (const slot of entries.keys.used()) if (holds(slot)) yield itemAt(entries.keys.keyOf(slot));
    },
  };
}

/** Keys as a store shows them: where a window begins is behind the columns of its group. */
function keyOrder(columns: KeyColumns) {
  let known: readonly KeyColumn[] = [];
  /** Of each column shown: its place in the key. */
  let places: readonly number[] = [];
  const look = () => {
    const now = typeof columns === "function" ? columns() : columns;
    if (now === known) return;
    known = now;
    const last = typeof columns === "function" ? now.findIndex(({ name }) => name === WINDOW_START) : -1;
    const others = now.map((_, place) => place).filter((place) => place !== last);
    places = last < 0 ? others : [...others, last];
  };
  return {
    columns() {
      look();
      return known.length === 0 ? null : places.map((place) => known[place]);
    },
    values(key: Key): unknown[] {
      look();
      const parts = keyParts(key);
      return places.map((place) => keyColumnValue(known[place], parts[place]));
    },
    /** Null for values that are no key. */
    key(values: readonly unknown[]): Key | null {
      look();
      try {
        return keyFrom(known, known.map((_, place) => values[places.indexOf(place)]));
      } catch (error) {
        if (error instanceof TypeError) return null;
        throw error;
      }
    },
  };
}
