import type { Key } from "../../record/key.ts";
import { type Chore, LOOKS_PER_STEP } from "../../state/chores.ts";
import type { Place, ShareOrigin, ValueChange } from "./messages.ts";

/** Of one column of one group: which home has which values, and how many homes have each. */
interface Values {
  readonly byHome: Map<number, Map<string, Place>>;
  readonly homes: Map<string, number>;
}

/**
 * The different values of all groups of one merge task. A value of a home is as a share of its own: it counts until the
 * home says that it went, that the group has none of its rows any more, or an END that it was not sent again.
 */
export class MergedValues {
  /** By group, then by column. */
  readonly #groups = new Map<Key, Map<number, Values>>();
  /** The last of each home: most values have the one that came before. */
  readonly #places = new Map<number, Place>();

  /** Whether the number of values is another one now. */
  take(sender: ShareOrigin, { key, column, value, held }: ValueChange): boolean {
    if (!held) {
      const known = this.#groups.get(key)?.get(column);
      return known !== undefined && known.byHome.get(sender.home)?.delete(value) === true && left(known, value);
    }
    const values = this.#valuesOf(key, column);
    let own = values.byHome.get(sender.home);
    if (own === undefined) values.byHome.set(sender.home, own = new Map());
    const known = own.has(value);
    own.set(value, this.#placeOf(sender));
    if (known) return false;
    const homes = values.homes.get(value) ?? 0;
    values.homes.set(value, homes + 1);
    return homes === 0;
  }

  /** The home has no row of the group any more. */
  leave(key: Key, home: number): void {
    const columns = this.#groups.get(key);
    if (columns === undefined) return;
    for (const values of columns.values()) {
      for (const value of values.byHome.get(home)?.keys() ?? []) left(values, value);
      values.byHome.delete(home);
    }
    this.#forgetEmpty(key, columns);
  }

  #forgetEmpty(key: Key, columns: ReadonlyMap<number, Values>): void {
    for (const { homes } of columns.values()) if (homes.size > 0) return;
    if (this.#groups.get(key) === columns) this.#groups.delete(key);
  }

  /** How many different values all homes have. */
  count(key: Key, column: number): number {
    return this.#groups.get(key)?.get(column)?.homes.size ?? 0;
  }

  /** Takes away what `isVoid` says is gone of these homes; `onChange` is told of each group of which something went. */
  *takeAway(
    homes: Iterable<number>,
    { isVoid, onChange }: {
      readonly isVoid: (home: number, place: Place) => boolean;
      readonly onChange: (key: Key) => void;
    },
  ): Chore {
    const swept = [...homes];
    let looks = 0;
    for (const [key, columns] of this.#groups) {
      for (const values of columns.values()) {
        for (const home of swept) {
          const own = values.byHome.get(home);
          for (const [value, place] of own ?? []) {
            if (isVoid(home, place)) {
              own!.delete(value);
              left(values, value);
              onChange(key);
            }
            if (++looks % LOOKS_PER_STEP !== 0) continue;
            yield;
            // It may have left the group meanwhile, and come again.
            if (values.byHome.get(home) !== own) break;
          }
        }
      }
      this.#forgetEmpty(key, columns);
      if (++looks % LOOKS_PER_STEP === 0) yield;
    }
  }

  #valuesOf(key: Key, column: number): Values {
    let columns = this.#groups.get(key);
    if (columns === undefined) this.#groups.set(key, columns = new Map());
    let values = columns.get(column);
    if (values === undefined) columns.set(column, values = { byHome: new Map(), homes: new Map() });
    return values;
  }

  #placeOf({ home, epoch, seq }: ShareOrigin): Place {
    let last = this.#places.get(home);
    if (last?.epoch !== epoch || last.seq !== seq) this.#places.set(home, last = { epoch, seq });
    return last;
  }
}

/** One home fewer has the value. True if it was the last. */
function left({ homes }: Values, value: string): boolean {
  const rest = homes.get(value)! - 1;
  if (rest > 0) homes.set(value, rest);
  else homes.delete(value);
  return rest === 0;
}
