import type { SinkPlan } from "../../plan/physical.ts";
import type { KeptKey } from "../../ports/kept_key.ts";
import { ProductionError } from "../../record/errors.ts";
import { hidesAnything, maskedKey, maskedRow } from "../../record/mask.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { keyLineOf } from "../outputs/key_line.ts";
import { rowMasksOf } from "../stores/row_masks.ts";
import type { ShownShare, ShownState } from "./explanation.ts";
import type { ShareTrace } from "./part_answers.ts";

/** What ClickHouse holds of a key, or why that is not known. */
export type Kept = { readonly kept: KeptKey; readonly problem: null } | {
  readonly kept: null;
  readonly problem: string;
};

/** Asks ClickHouse for a key of a sink. */
export async function keptIn(
  { ports: { warehouse } }: Instance,
  { sink, key }: { readonly sink: SinkPlan; readonly key: Key },
): Promise<Kept> {
  const { table } = sink;
  if (table.output !== undefined) {
    return { kept: null, problem: `What topic "${table.output.topic}" holds is not read: this is what the task knows` };
  }
  try {
    return { kept: await warehouse.kept(table, keyLineOf(sink, key)), problem: null };
  } catch (error) {
    if (!(error instanceof ProductionError)) throw error;
    return { kept: null, problem: `What ClickHouse shows is not known: ${error.message}` };
  }
}

/**
 * A row that ClickHouse shows, beside the digest that its task holds (null: nothing of the key, undefined: nothing of
 * windows as old, or it has not answered); null if it shows none.
 */
export function shownState({ rows: [row], shown }: KeptKey, expected: number | null | undefined): ShownState | null {
  if (shown === null || row === undefined) return null;
  return {
    task: row.task,
    version: versionOf(row),
    row: shown,
    digestsEqual: expected === undefined ? null : row.digest === expected,
    changedByHand: row.digest === -1,
  };
}

/** What of a sink's keys, and of what ClickHouse shows, people are shown. */
export function sinkMasks(
  instance: Instance,
  { name }: SinkPlan,
): { key(key: Row): Row; state<S extends ShownState | null>(state: S): S } {
  const mask = rowMasksOf(instance)?.sink(name) ?? null;
  if (mask === null) return { key: (key) => key, state: (state) => state };
  return {
    // Its columns may have other names than those of the table's key.
    key: (key) => hidesAnything(mask.key) ? maskedKey(key, mask.row) : key,
    state: (state) => state === null ? state : { ...state, row: maskedRow(state.row, mask.row) },
  };
}

/** The shares that ClickHouse has of a total, beside those that tasks hold. `whole`: all tasks have answered. */
export function shownShares(
  { rows }: KeptKey,
  { shares, whole }: { readonly shares: readonly ShareTrace[]; readonly whole: boolean },
): ShownShare[] {
  const tasks = new Set([...rows.map(({ task }) => task), ...shares.map(({ task }) => task)]);
  return [...tasks].sort().flatMap((task) => {
    const row = rows.find((one) => one.task === task);
    const share = shares.find((one) => one.task === task);
    // A tombstone of a task without rows is nothing that anybody sees.
    if (share === undefined && (row === undefined || row.digest === null)) return [];
    return [{
      task,
      rows: share?.rows ?? null,
      version: row === undefined || row.digest === null ? null : versionOf(row),
      digestsEqual: share === undefined && !whole ? null : (row?.digest ?? null) === (share?.expected ?? null),
    }];
  });
}

function versionOf({ epoch, seq }: { readonly epoch: number; readonly seq: number }): string {
  return `${epoch}.${seq}`;
}
