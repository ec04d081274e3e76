import type { AppendPlan } from "../../plan/physical.ts";
import type { KeptAppend } from "../../ports/kept_key.ts";
import type { Position } from "../../ports/log.ts";
import type { AppendRow } from "../../ports/warehouse.ts";
import { ProductionError } from "../../record/errors.ts";
import { maskedRow } from "../../record/mask.ts";
import { sourceOf } from "../../record/source_name.ts";
import { masksOf } from "../../plan/masks.ts";
import type { Row } from "../../record/row.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { AppendedState, ShownState } from "./explanation.ts";

/** Rows of one record that are looked at: more are made by a program that makes thousands of events of one. */
const ROWS_MAX = 1_000;

/** What an append table has of one record, beside what is computed of it. */
export interface Appended {
  /** In the order of their places; null: ClickHouse has not told. */
  readonly rows: readonly KeptAppend[] | null;
  readonly expected: readonly (AppendRow & { readonly row: Row })[];
  readonly problem: string | null;
}

/** Looks at the rows of one record. */
export async function appendedOf(
  { ports: { warehouse }, topics }: Instance,
  { sink, place, expected }: {
    readonly sink: AppendPlan;
    readonly place: Position;
    readonly expected: Appended["expected"];
  },
): Promise<Appended> {
  const { topic, partition, offset } = place;
  const source = sourceOf(topic, topics.streams.get(topic)!);
  const range = { source, partition, from: offset, to: offset + 1 };
  const told = expected.slice(0, ROWS_MAX);
  try {
    const rows = await warehouse.keptAppends(sink.table, { range, expected: told, limit: ROWS_MAX });
    return { rows, expected: told, problem: null };
  } catch (error) {
    if (!(error instanceof ProductionError)) throw error;
    return { rows: null, expected: told, problem: `What ClickHouse has is not known: ${error.message}` };
  }
}

/** The computed rows that are not there, by their places among those of the record. */
export function missingOf({ rows, expected }: Appended): number[] {
  const there = new Set(rows?.map(({ index }) => index));
  return expected.flatMap(({ index }) => there.has(index) ? [] : [index]);
}

/** As people are shown them. */
export function appendedStates(
  { topology }: Instance,
  { sink, appended: { rows, expected } }: { readonly sink: AppendPlan; readonly appended: Appended },
): AppendedState[] {
  if (rows === null) return [];
  const node = topology.streams.find(({ op, name }) => op === "append" && name === sink.name)!;
  const mask = masksOf(topology)?.streams[node.id].row ?? null;
  const shown = (row: Row | null) => row === null || mask === null ? row : maskedRow(row, mask);
  const kept = rows.map(({ index, row, isExpected }) => ({
    ...{ index, row: shown(row as Row), isExpected },
    made: shown(expected.find((one) => one.index === index)?.row ?? null),
  }));
  const there = new Set(rows.map(({ index }) => index));
  const missing = expected.flatMap(({ index, row }) =>
    there.has(index) ? [] : [{ index, row: null, isExpected: null, made: shown(row) }]
  );
  return [...kept, ...missing].sort((a, b) => a.index - b.index);
}

/** The first of them that ClickHouse has. */
export function shownOf(states: readonly AppendedState[]): ShownState | null {
  const first = states.find(({ row }) => row !== null);
  if (first === undefined) return null;
  const { row, isExpected } = first;
  return { task: null, version: null, row: row!, digestsEqual: isExpected, changedByHand: false };
}

/** What must be known of rows that differ from what is computed now, and of those beyond it. */
export function appendedNotes({ rows, expected, problem }: Appended): string[] {
  const differ = rows?.filter(({ isExpected }) => isExpected === false).length ?? 0;
  const beyond = rows?.filter(({ isExpected }) => isExpected === null).length ?? 0;
  const since = "The topology or a global table's row was another one when the event was read, or somebody changed it";
  return [
    ...problem === null ? [] : [problem],
    ...differ > 0 ? [`${differ} of its rows hold something else than what is computed now. ${since}`] : [],
    ...beyond > 0 && expected.length > 0 ? [`${beyond} of its rows would not be made now. ${since}`] : [],
  ];
}
