import type { KeyOf } from "./source.ts";

/** Rows expire by a column of numbers, which may be null. */
export type TimeColumn<V, C extends string> = V extends { readonly [column in C]: number | bigint | null } ? unknown
  : { readonly "rows expire by a column of numbers": never };

/** A part has the columns of its row's key, and one more. */
export type NewColumn<K, C extends string> = C extends keyof K
  ? { readonly "parts are told apart by another column than those of their row's key": never }
  : unknown;

/** The row of a part with the key `K`. */
export type PartRow<K, R> = Omit<R, keyof K> & K;

/** Same-key joins need keys of one type. */
export type SameKey<K, RK> = [KeyOf<RK>] extends [KeyOf<K>] ? unknown
  : { readonly "keys of both tables must have the same type": never };
