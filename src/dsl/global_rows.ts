import type { RowOf } from "./source.ts";

/** A global table, as the right side of a join. */
export interface GlobalRows<K extends RowOf, V extends RowOf> {
  /** @ignore Carries a type. */
  readonly "~key": K;
  /** @ignore Carries a type. */
  readonly "~row": V;
  /** Tells the compiler the two kinds of tables apart; never set. */
  readonly "~global": true;
}

/** `V` with one column more. */
export type With<V, N extends string, C> = V & { readonly [column in N]: C };
