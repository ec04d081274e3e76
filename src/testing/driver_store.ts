import type { KeyOf, RowOf } from "../dsl/source.ts";
import type { Row } from "../record/row.ts";
import { didYouMean } from "../record/nearest.ts";
import { givenOf, type GivenValue } from "../runtime/stores/given_value.ts";
import { readStore, type StoreAnswer } from "../runtime/stores/read_store.ts";
import type { StoreSpec } from "../runtime/stores/store.ts";
import type { GivenKey } from "../runtime/stores/store_query.ts";

/** One thing that a store holds. */
export interface StoreEntry<K, V> {
  /** By column: those of a row's key or a group; `window_start` of a window; `entry` in a processor's store. */
  readonly key: K;
  readonly value: V;
}

/**
 * A store of the topology under test, of all partitions, as it is at the moment of the call. `K`: the columns of a key;
 * `V`: what is held: rows as they were read, results of an aggregate, what a processor has put.
 */
export interface TestStore<K, V> {
  /**
   * What is held under a key, which is the value of its column or an object of several; null if nothing is.
   * @throws TypeError if several things are: of windows give `window_start` with the group, or take {@link of}
   */
  get(key: KeyIn<K>): V | null;
  /** All that is held under these values of key columns, in the order of keys: all windows of a group. */
  of(key: Partial<K>): StoreEntry<K, V>[];
  /** All that is held, in the order of keys. */
  all(): StoreEntry<K, V>[];
  /** Whether nothing is held of this window any more, as it is beyond its retention. */
  isBeyondRetention(key: Partial<K>): boolean;
}

/** A key of columns `K`: the value of one, or an object of several; anything where the columns are not named. */
type KeyIn<K> = string extends keyof K ? unknown : KeyOf<K>;

/** @throws TypeError for a name that no store has */
export function testStore<K extends RowOf, V>(stores: readonly StoreSpec[], name: string): TestStore<K, V> {
  const store = stores.find((one) => one.name === name);
  if (store === undefined) {
    const names = stores.map((one) => one.name);
    const there = names.length === 0 ? "none before settle()" : names.join(", ");
    throw new TypeError(`Cannot open store "${name}": there are ${there}${didYouMean(name, names)}`);
  }
  const ask = (key?: GivenKey): StoreAnswer => {
    const reading = readStore(store, { key, limit: Number.MAX_SAFE_INTEGER });
    for (;;) {
      const step = reading.next();
      if (step.done) return step.value;
    }
  };
  const read = (key?: GivenKey): StoreEntry<K, V>[] =>
    ask(key).rows.map(({ key, value }) => ({ key: key as K, value: value as V }));
  return {
    get(key) {
      const found = read(typeof key === "object" && isRow(key) ? named(key) : [givenOf(key)]);
      if (found.length <= 1) return found[0]?.value ?? null;
      throw new TypeError(
        `Cannot get one value of store "${name}": ${found.length} are held under that key. Give all columns of the ` +
          `key, which are ${Object.keys(found[0].key).join(", ")}, or take of(...)`,
      );
    },
    of: (key) => read(named(key as Row)),
    all: () => read(),
    isBeyondRetention: (key) => ask(named(key as Row)).beyondUs !== undefined,
  };
}

function isRow(key: unknown): key is Row {
  return key !== null && Object.getPrototypeOf(key) === Object.prototype;
}

function named(key: Row): ReadonlyMap<string, GivenValue> {
  return new Map(Object.entries(key).map(([column, value]) => [column, givenOf(value)]));
}
