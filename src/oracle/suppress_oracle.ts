import type { SuppressNode } from "../dsl/stream_nodes.ts";
import type { WindowSpec } from "../dsl/windows.ts";
import type { Row } from "../record/row.ts";
import { compareText } from "../record/text_order.ts";
import { encodeWire } from "../record/wire.ts";
import { joinKeyText } from "./joined_events.ts";

/** A change of a table's row, in the order of the partition that has it. */
export interface TableChanged {
  /** The columns of its group; null: nothing but time passes. */
  readonly group: Row | null;
  /** Its window; 0 without windows. */
  readonly start: number;
  readonly end: number;
  /** Null: it is gone. */
  readonly row: Row | null;
  /** Microseconds since the epoch. */
  readonly timestampUs: number;
}

/** What is told of a row. */
export interface ToldChange {
  /** The columns of its group, and of its window. */
  readonly key: Row;
  readonly value: Row | null;
  readonly timestampUs: number;
}

/** What becomes of changes that wait. */
export interface Suppression {
  /** What each change causes, in order; of those behind one at which it stops there is nothing. */
  readonly told: readonly (readonly ToldChange[])[];
  /** The rows that are shown in the end. */
  readonly shown: readonly Row[];
  /** How many wait in the end. */
  readonly waiting: number;
  readonly stopped: boolean;
}

/** All changes of a row that were not told. */
interface Waiting {
  readonly changes: TableChanged[];
  readonly beginUs: number;
  /** Its window had closed when the first of them came. */
  readonly late: boolean;
}

/** The judge of changes that wait: all of them are looked at after each change. */
export function computeSuppress(
  changes: readonly TableChanged[],
  { of: { window }, spec }: Pick<SuppressNode, "of" | "spec">,
): Suppression {
  const { until, recordsMax, bytesMax, whenFull } = spec;
  const told: ToldChange[][] = [];
  const shown = new Map<string, Row>();
  let waiting: Waiting[] = [];
  let newestUs = -Infinity;
  const dueUs = ({ beginUs, changes }: Waiting) =>
    until.kind === "limit" ? beginUs + until.limitUs : closesAtUs(window, changes.at(-1)!.end);
  const tell = (one: Waiting) => {
    waiting = waiting.filter((other) => other !== one);
    told.at(-1)!.push(...resultsOf(one));
  };
  const resultsOf = ({ changes, late }: Waiting): ToldChange[] => {
    const [first, last] = [changes[0], changes.at(-1)!];
    const { row: value, timestampUs } = last;
    const known = until.kind === "limit" || late;
    if (value === null && !known) return [];
    const key = (end: number) =>
      window === null ? last.group! : { ...last.group!, window_start: last.start, window_end: end };
    if (value === null) shown.delete(rowName(last));
    else shown.set(rowName(last), value);
    const former = first.row === null ? first.end : last.end;
    if (value === null) return [{ key: key(former), value, timestampUs }];
    const gone = known && former !== last.end ? [{ key: key(former), value: null, timestampUs }] : [];
    return [...gone, { key: key(last.end), value, timestampUs }];
  };
  const isFull = () => {
    const bytes = waiting.reduce((sum, { changes }) => sum + bytesOf(changes.at(-1)!), 0);
    return (recordsMax !== null && waiting.length > recordsMax) || (bytesMax !== null && bytes > bytesMax);
  };
  for (const change of changes) {
    told.push([]);
    newestUs = Math.max(newestUs, change.timestampUs);
    if (change.group !== null) {
      const known = waiting.find(({ changes: [other] }) => rowName(other) === rowName(change));
      if (known !== undefined) known.changes.push(change);
      else {
        const waitsFromNow = window?.kind === "session" && change.row === null;
        const beginUs = waitsFromNow ? newestUs : change.timestampUs;
        waiting.push({ changes: [change], beginUs, late: closesAtUs(window, change.end) <= newestUs });
      }
    }
    const inOrder = () => waiting.toSorted((a, b) => dueUs(a) - dueUs(b) || compareRows(a.changes[0], b.changes[0]));
    for (const one of inOrder()) if (dueUs(one) <= newestUs) tell(one);
    while (isFull()) {
      if (whenFull === "stop") return { told, shown: [...shown.values()], waiting: waiting.length, stopped: true };
      tell(inOrder()[0]);
    }
  }
  return { told, shown: [...shown.values()], waiting: waiting.length, stopped: false };
}

/** From this stream time on no event changes a window that ends so. */
function closesAtUs(window: WindowSpec | null, end: number): number {
  switch (window?.kind) {
    case "time":
      return end + window.graceUs;
    case "sliding":
      return end + window.graceUs + 1;
    case "session":
      return end + window.gapUs + window.graceUs + 1;
    default:
      return Infinity;
  }
}

function rowName({ group, start }: TableChanged): string {
  return `${start} ${joinKeyText(group!)}`;
}

function compareRows(a: TableChanged, b: TableChanged): number {
  return a.start - b.start || compareText(joinKeyText(a.group!), joinKeyText(b.group!));
}

function bytesOf({ group, row }: TableChanged): number {
  return new TextEncoder().encode(encodeWire([group, row])).length;
}
