import type { AggregatePlan } from "../../plan/physical.ts";
import { rowOfGroup, type SharePart } from "../../processor/aggregate.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyText } from "../../record/key.ts";
import { groupColumns } from "../../processor/group_columns.ts";
import type { KeyColumn } from "../../record/key_column.ts";
import type { Row } from "../../record/row.ts";
import { type Chore, type Chores, LOOKS_PER_STEP, Walks } from "../../state/chores.ts";
import type { Refusals } from "../../state/refusals.ts";
import { MergedValues } from "./merged_values.ts";
import type { Place, ShareOrigin, ValueChange } from "./messages.ts";

interface Share extends Place {
  readonly parts: readonly SharePart[];
}

interface Shares {
  columns: Row;
  readonly homes: Map<number, Share>;
}

/** What a home's END voids: what it sent up to `since` of this epoch, or in an earlier one. */
interface End {
  readonly epoch: number;
  readonly since: number;
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
  readonly #refusals: Refusals;
  readonly #groups = new Map<Key, Shares>();
  readonly #values = new MergedValues();
  readonly #ready = new Set<number>();
  /** In the order in which they changed first. */
  readonly #dirty = new Set<Key>();
  /** Of them, so many are older than the readiness. */
  #dirtyBefore = 0;
  /** For each home with an END that has had no effect yet: what is gone with it. */
  readonly #ends: Walks<End>;

  /**
   * `homes`: number of partitions of the table whose rows are aggregated. `epoch`: the merge task's own. `refusals`:
   * are told of a group whose total is no value of a row.
   */
  constructor(
    options: {
      aggregate: AggregatePlan;
      homes: number;
      epoch: number;
      chores: Chores;
      refusals: Refusals;
    },
  ) {
    this.#aggregate = options.aggregate;
    this.#homes = options.homes;
    this.epoch = options.epoch;
    this.#ends = new Walks(options.chores, (ends) => this.#takeAway(ends));
    this.#refusals = options.refusals;
  }

  /** Whether every home's snapshot has arrived in this epoch. */
  get ready(): boolean {
    return this.#ready.size === this.#homes;
  }

  /** Whether all that the snapshots told was taken with {@link takeChanged}, too. */
  get known(): boolean {
    return this.ready && this.#dirtyBefore === 0;
  }

  /** Whether there is something to take with {@link takeChanged}. */
  get changed(): boolean {
    return this.#dirty.size > 0;
  }

  share(sender: ShareOrigin, key: Key, share: { columns: Row; parts: readonly SharePart[] } | null): void {
    let group = this.#groups.get(key);
    this.#dirty.add(key);
    if (share === null) {
      group?.homes.delete(sender.home);
      this.#values.leave(key, sender.home);
      return;
    }
    this.columns = groupColumns(this.columns, share.columns);
    if (group === undefined) this.#groups.set(key, group = { columns: share.columns, homes: new Map() });
    group.columns = share.columns;
    group.homes.set(sender.home, { epoch: sender.epoch, seq: sender.seq, parts: share.parts });
  }

  /** A value came or went among the home's rows of a group, which need not be known yet. */
  distinct(sender: ShareOrigin, change: ValueChange): void {
    if (this.#values.take(sender, change)) this.#dirty.add(change.key);
  }

  /**
   * A snapshot made for the merge task of epoch `to` is over: what this home sent up to `since` of this epoch, or in an
   * earlier one, and did not send again is gone. A chore sees to that, and then the home is ready.
   */
  end(sender: ShareOrigin, end: { readonly to: number; readonly since: number }): void {
    if (end.to !== this.epoch) return;
    this.#ends.ask(sender.home, { epoch: sender.epoch, since: end.since });
  }

  *#takeAway(ends: ReadonlyMap<number, End>): Chore {
    let looks = 0;
    const isVoid = (home: number, { epoch, seq }: Place) => {
      const end = ends.get(home);
      return end !== undefined && (epoch < end.epoch || (epoch === end.epoch && seq <= end.since));
    };
    yield* this.#values.takeAway(ends.keys(), { isVoid, onChange: (key) => this.#dirty.add(key) });
    for (const [key, group] of this.#groups) {
      for (const [home, share] of group.homes) {
        if (!isVoid(home, share)) continue;
        group.homes.delete(home);
        this.#dirty.add(key);
      }
      looks += 1 + group.homes.size;
      if (looks < LOOKS_PER_STEP) continue;
      looks = 0;
      yield;
    }
    const wasReady = this.ready;
    for (const home of ends.keys()) this.#ready.add(home);
    if (!wasReady && this.ready) this.#dirtyBefore = this.#dirty.size;
  }

  /**
   * At most so many groups whose total may have changed, each once, with their row now. Null: gone, or without a row
   * while one of its totals needs more digits than a Decimal has; the shares stay, so that it comes back.
   */
  *takeChanged(groupsMax: number): Generator<readonly [Key, Row | null]> {
    let left = groupsMax;
    for (const key of this.#dirty) {
      if (left-- === 0) return;
      this.#dirty.delete(key);
      if (this.#dirtyBefore > 0) this.#dirtyBefore--;
      const group = this.#groups.get(key);
      if (group === undefined || group.homes.size === 0) {
        this.#groups.delete(key);
        this.#refusals.keyMended(this.#aggregate.name, key);
        yield [key, null];
        continue;
      }
      yield [key, this.#rowOf(key, group)];
    }
  }

  #rowOf(key: Key, group: Shares): Row | null {
    try {
      const parts = [...group.homes.values()].map((share) => share.parts);
      const told = { columns: group.columns, parts };
      const row = rowOfGroup(this.#aggregate, told, (column) => this.#values.count(key, column));
      this.#refusals.keyMended(this.#aggregate.name, key);
      return row;
    } catch (cause) {
      const error = new ProcessorError(this.#aggregate.name, keyText(key), { cause, row: group.columns });
      this.#refusals.other(error, { columns: Object.keys(group.columns).sort() });
      return null;
    }
  }
}
