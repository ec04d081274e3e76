/** How changes of a table wait, so that of several of one key only the last is told, as plain data. */
export interface SuppressionSpec {
  /** A change waits until stream time is so far behind the first one of its key that was not told. Microseconds. */
  readonly limitUs: number;
  /** So many keys wait at most: what waits is part of what a start must know. */
  readonly recordsMax: number;
  /** So many bytes of them as JSON; null: any. */
  readonly bytesMax: number | null;
  /** `emit`: then the oldest are told early. `refuse`: then a change is refused, and is never told. */
  readonly whenFull: "emit" | "refuse";
}
