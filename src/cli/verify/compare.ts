import type { Canonical } from "./canonical.ts";

/** Differences kept as examples. */
const SAMPLES_MAX = 3;
const VALUE_LENGTH_MAX = 80;

/** One row by column name, in comparable form. */
export type CanonicalRow = Readonly<Record<string, Canonical>>;

/** A row that is not as it should be. */
export interface Difference {
  readonly kind: "missing" | "extra" | "different" | "twice";
  /** Key columns and their values: `order_item_id=5`. */
  readonly key: string;
  /** Columns whose values differ, as they should be and as they are. */
  readonly columns: readonly { readonly name: string; readonly expected: string; readonly actual: string }[];
}

/** What comparing one table found. */
export interface Comparison {
  /** Rows that should be there. */
  readonly rows: number;
  readonly missing: number;
  /** Rows that should not be there, those shown twice included. */
  readonly extra: number;
  readonly different: number;
  readonly samples: readonly Difference[];
}

/** Whether a comparison found everything as it should be. */
export function isEqual({ missing, extra, different }: Comparison): boolean {
  return missing + extra + different === 0;
}

/** Compares the rows of one table, by key. */
export async function compareRows(
  columns: { readonly all: readonly string[]; readonly key: readonly string[] },
  { expected, actual }: {
    readonly expected: ReadonlyMap<string, CanonicalRow>;
    readonly actual: AsyncIterable<CanonicalRow>;
  },
): Promise<Comparison> {
  const seen = new Set<string>();
  const samples: Difference[] = [];
  const counts = { missing: 0, extra: 0, different: 0 };
  const note = (count: keyof typeof counts, difference: () => Difference) => {
    counts[count]++;
    if (samples.length < SAMPLES_MAX) samples.push(difference());
  };
  const keyText = (row: CanonicalRow) => columns.key.map((name) => `${name}=${shown(row[name])}`).join(", ");
  for await (const row of actual) {
    const key = canonicalKey(columns.key, row);
    const wanted = expected.get(key);
    if (seen.has(key)) note("extra", () => ({ kind: "twice", key: keyText(row), columns: [] }));
    else if (wanted === undefined) note("extra", () => ({ kind: "extra", key: keyText(row), columns: [] }));
    else {
      const names = columns.all.filter((name) => !same(wanted[name], row[name]));
      if (names.length > 0) {
        note("different", () => ({
          kind: "different",
          key: keyText(row),
          columns: names.map((name) => ({ name, expected: shown(wanted[name]), actual: shown(row[name]) })),
        }));
      }
    }
    seen.add(key);
  }
  for (const [key, row] of expected) {
    if (!seen.has(key)) note("missing", () => ({ kind: "missing", key: keyText(row), columns: [] }));
  }
  return { rows: expected.size, ...counts, samples };
}

/** The values of the key columns as one text. */
export function canonicalKey(key: readonly string[], row: CanonicalRow): string {
  return JSON.stringify(key.map((name) => row[name]));
}

function same(a: Canonical, b: Canonical): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}

function shown(value: Canonical): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}...`;
}
