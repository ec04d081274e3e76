import type { Row } from "../../record/row.ts";
import { compareValues } from "../../state/value_order.ts";
import { type KeyMatch, keyMatch, type StoreQuery } from "./store_query.ts";
import type { PartStanding, StoreItem, StoreKind, StorePart, StoreSpec } from "./store.ts";

/** Items that are looked at before everything else has its turn. */
const STEP_ITEMS = 1_000;

/** A row of an answer. */
export interface StoreRow {
  /** Null: of a global table. */
  readonly partition: number | null;
  /** By column, in the order of the key. */
  readonly key: Row;
  readonly value: unknown;
}

/** What a store says, as far as it is known. */
export interface StoreAnswer {
  readonly store: string;
  readonly kind: StoreKind;
  readonly partitions: number;
  /** Names of the key columns; null while there is no row that tells them. */
  readonly columns: readonly string[] | null;
  /** In the order of their keys. */
  readonly rows: readonly StoreRow[];
  /** The key behind which further rows are, which need not be that of a row; null if there are no more. */
  readonly next: Row | null;
  /** Where keys are not shown, so that `next` is null: whether there are more rows. Absent: keys are shown. */
  readonly cut?: boolean;
  /** The partitions that were asked: everything before their positions is in the answer. */
  readonly parts: readonly PartStanding[];
  /** The window that was asked for is beyond its retention, as all that began then or before; absent: it is not. */
  readonly beyondUs?: number;
}

/**
 * Asks the parts of a store that this instance has. A key, whose first columns are all given, is found at once; for
 * anything else all items are looked at, a step for each 1,000, between which rows may come and go.
 * @throws TypeError for what cannot be asked of this store
 */
export function* readStore(store: StoreSpec, query: StoreQuery): Generator<void, StoreAnswer> {
  const parts = store.parts();
  const standings = parts.map((part) => part.standing());
  const first = new FirstItems(query.limit + 1);
  let columns: readonly string[] | null = null;
  let beyondUs: number | null = null;
  for (const [index, part] of parts.entries()) {
    const known = part.columns();
    if (known === null) continue;
    const names = columns = known.map(({ name }) => name);
    const match = keyMatch(query, { columns: known, windowed: store.windowed });
    if (match.exact !== null) beyondUs ??= part.beyondUs?.(match.exact) ?? null;
    for (const item of candidates(part, match)) {
      if (item === null) yield;
      else if (match.matches(item.key)) first.add({ item, columns: names, partition: standings[index].partition });
    }
  }
  const { name, kind, partitions } = store;
  const answer = { store: name, kind, partitions, columns, parts: standings, ...first.take(query.limit) };
  return beyondUs === null ? answer : { ...answer, beyondUs };
}

/** Those that may be asked for; null: a step is over. */
function* candidates(part: StorePart, { exact }: KeyMatch): Generator<StoreItem | null> {
  const found = exact?.map((values) => part.find(values));
  if (found !== undefined && !found.includes(null)) return yield* found.flat() as StoreItem[];
  let looked = 0;
  for (const item of part.items()) {
    yield item;
    if (++looked % STEP_ITEMS === 0) yield null;
  }
}

interface Found {
  readonly item: StoreItem;
  readonly columns: readonly string[];
  readonly partition: number | null;
}

/** The first of all items in the order of their keys. */
class FirstItems {
  readonly #most: number;
  #found: Found[] = [];
  /** So many of them are the first of all before; whatever comes behind the last of these is not wanted. */
  #sorted = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(found: Found): void {
    const all = this.#found;
    if (this.#sorted === this.#most && compareKeys(all[this.#most - 1].item.key, found.item.key) <= 0) return;
    all.push(found);
    if (all.length >= this.#most * 2) this.#sort();
  }

  #sort(): void {
    this.#found = this.#found.sort((a, b) => compareKeys(a.item.key, b.item.key)).slice(0, this.#most);
    this.#sorted = this.#found.length;
  }

  /** The first `limit` of them, without those that are gone by now, and the key of the last one if there are more. */
  take(limit: number): Pick<StoreAnswer, "rows" | "next"> {
    this.#sort();
    const found = this.#found.slice(0, limit);
    return {
      rows: found.flatMap((one) => {
        const value = one.item.value();
        return value === undefined ? [] : [{ partition: one.partition, key: keyOf(one), value }];
      }),
      next: this.#found.length > limit ? keyOf(found[limit - 1]) : null,
    };
  }
}

function keyOf({ item, columns }: Found): Row {
  return Object.fromEntries(columns.map((name, place) => [name, item.key[place]]));
}

/** Column by column. */
export function compareKeys(a: readonly unknown[], b: readonly unknown[]): number {
  for (let place = 0; place < a.length; place++) {
    const order = compareValues(a[place], b[place]);
    if (order !== 0) return order;
  }
  return 0;
}
