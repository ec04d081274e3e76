import type { AggregatePlan } from "../../plan/physical.ts";
import { type SharePart, totalsOf } from "../../processor/aggregate.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyText } from "../../record/key.ts";
import { groupColumns } from "../../processor/group_columns.ts";
import type { KeyColumn } from "../../record/key_column.ts";
import type { Row } from "../../record/row.ts";

interface Share {
  readonly epoch: number;
  readonly seq: number;
  readonly parts: readonly SharePart[];
}

interface Shares {
  columns: Row;
  readonly homes: Map<number, Share>;
}

/** The sender of a message: which home, and its place in that home's numbering. */
export interface ShareOrigin {
  readonly home: number;
  readonly epoch: number;
  readonly seq: number;
}

/**
 * Adds up the homes' shares of one aggregate for one merge task: the source of that task's rows. What a home sent in an
 * earlier incarnation counts until the END of its next snapshot, so that no total dips; nothing is known before all
 * homes are ready.
 */
export class Merge {
  /** The merge task's own. */
  readonly epoch: number;
  /** The group columns in the order of the key; null before the first group. */
  columns: readonly KeyColumn[] | null = null;
  readonly #aggregate: AggregatePlan;
  readonly #homes: number;
  readonly #onError: (error: ProcessorError) => void;
  readonly #groups = new Map<Key, Shares>();
  readonly #ready = new Set<number>();
  #dirty = new Set<Key>();

  /**
   * `homes`: number of partitions of the table whose rows are aggregated. `epoch`: the merge task's own. `onError`: is
   * told of a group whose total is no value of a row.
   */
  constructor(
    options: { aggregate: AggregatePlan; homes: number; epoch: number; onError: (error: ProcessorError) => void },
  ) {
    this.#aggregate = options.aggregate;
    this.#homes = options.homes;
    this.epoch = options.epoch;
    this.#onError = options.onError;
  }

  /** Whether every home's snapshot has arrived in this epoch. */
  get ready(): boolean {
    return this.#ready.size === this.#homes;
  }

  share(sender: ShareOrigin, key: Key, share: { columns: Row; parts: readonly SharePart[] } | null): void {
    let group = this.#groups.get(key);
    this.#dirty.add(key);
    if (share === null) {
      group?.homes.delete(sender.home);
      return;
    }
    this.columns = groupColumns(this.columns, share.columns);
    if (group === undefined) this.#groups.set(key, group = { columns: share.columns, homes: new Map() });
    group.columns = share.columns;
    group.homes.set(sender.home, { epoch: sender.epoch, seq: sender.seq, parts: share.parts });
  }

  /**
   * A snapshot made for the merge task of epoch `to` is over: what this home sent up to `since` of this epoch, or in an
   * earlier one, and did not send again is gone.
   */
  end(sender: ShareOrigin, end: { readonly to: number; readonly since: number }): void {
    if (end.to !== this.epoch) return;
    for (const [key, group] of this.#groups) {
      const share = group.homes.get(sender.home);
      if (share === undefined) continue;
      if (share.epoch < sender.epoch || (share.epoch === sender.epoch && share.seq <= end.since)) {
        group.homes.delete(sender.home);
        this.#dirty.add(key);
      }
    }
    this.#ready.add(sender.home);
  }

  /**
   * The groups whose total may have changed since the last call, with their row now. Null: gone, or without a row while
   * one of its totals needs more digits than a Decimal has; the shares stay, so that it comes back.
   */
  *takeChanged(): Generator<readonly [Key, Row | null]> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const key of dirty) {
      const group = this.#groups.get(key);
      if (group === undefined || group.homes.size === 0) {
        this.#groups.delete(key);
        yield [key, null];
        continue;
      }
      yield [key, this.#rowOf(key, group)];
    }
  }

  #rowOf(key: Key, group: Shares): Row | null {
    try {
      const parts = [...group.homes.values()].map((share) => share.parts);
      return { ...group.columns, ...totalsOf(this.#aggregate, parts) };
    } catch (cause) {
      this.#onError(new ProcessorError(this.#aggregate.name, keyText(key), { cause }));
      return null;
    }
  }
}
