import type { SourceSpec } from "../../dsl/source.ts";
import type { Truth, WireRow } from "./truth.ts";

export type { WireRow } from "./truth.ts";

/** Keys between two, by the integer in the first key column. Null: from the first, or to the last there is. */
export interface KeyRange {
  /** The last one that does not belong to it, in digits. */
  readonly after: string | null;
  /** The last one that belongs to it, in digits. */
  readonly upTo: string | null;
}

/** What one key column holds, as far as rows can be asked for by it. */
export type KeyKind = "integer" | "uuid" | "text";

/** Keys that are asked for. */
export interface AskedKeys {
  /** For each the texts of its columns, in their order. */
  readonly keys: readonly (readonly string[])[];
  /** What each column holds. */
  readonly kinds: readonly KeyKind[];
}

/** A source that can be asked for parts of a table, all of one instant. */
export interface RangedTruth extends Truth {
  /** All rows of a table, in portions. */
  portions(source: SourceSpec): AsyncIterable<readonly WireRow[]>;
  /**
   * About `rowsMax` rows that come next behind `after`, in the order of the integer in the first key column; all that
   * have one integer come together. `upTo`: where they end; null: there are no more.
   */
  range(
    source: SourceSpec,
    from: { readonly after: string | null; readonly rowsMax: number },
  ): Promise<{ readonly rows: readonly WireRow[]; readonly upTo: string | null }>;
  /** All rows of a range. */
  within(source: SourceSpec, range: KeyRange): Promise<readonly WireRow[]>;
  /** The rows that have one of these keys. */
  some(source: SourceSpec, asked: AskedKeys): Promise<readonly WireRow[]>;
  /** Names the instant, to be asked whether the log has all that there was. */
  mark(): Promise<string>;
}

/** SQL's WHERE for the rows of a range; empty for all. `by`: the first key column, quoted for the database asked. */
export function whereWithin(by: string, { after, upTo }: KeyRange): string {
  const bounds = [...after === null ? [] : [`${by} > ${after}`], ...upTo === null ? [] : [`${by} <= ${upTo}`]];
  return bounds.length === 0 ? "" : `WHERE ${bounds.join(" AND ")}`;
}
