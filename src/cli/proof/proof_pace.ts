/** How much at a time. */
export interface ProofPace {
  /** Rows of one range. */
  readonly rangeRows: number;
  /** Rows that may be held at once. */
  readonly rowsMax: number;
  /** To be called with the number of rows that were read since: waits so that the source is not read too fast. */
  readonly breathe: (rows: number) => Promise<void>;
  readonly nowMs: () => number;
}
