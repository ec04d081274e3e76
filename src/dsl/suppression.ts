/** How changes of a table wait, so that of several of one row only the last is told, as plain data. */
export interface SuppressionSpec {
  /**
   * `limit`: until stream time is `limitUs` behind the first change of the row that was not told. `close`: until no
   * event can change the row's window any more. Microseconds.
   */
  readonly until: { readonly kind: "limit"; readonly limitUs: number } | { readonly kind: "close" };
  /** So many rows of a partition wait at most; null: any number. */
  readonly recordsMax: number | null;
  /** So many bytes of them as JSON; null: any. */
  readonly bytesMax: number | null;
  /** `emit`: then the oldest are told early. `stop`: then the topology stops. */
  readonly whenFull: "emit" | "stop";
  /** When no change comes for so long, by the clock, all that waits is told. Microseconds; absent: it waits. */
  readonly idleUs?: number;
}
