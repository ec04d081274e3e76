import type { Canonical } from "./canonical.ts";

/** Differences kept as examples. */
const SAMPLES_MAX = 3;
const VALUE_LENGTH_MAX = 80;

/** One row in comparable form: its values in the order of the columns. */
export type CanonicalRow = readonly Canonical[];

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

/** Names of a table's columns in order, and the places of its key columns among them. */
export interface ComparedColumns {
  readonly names: readonly string[];
  readonly key: readonly number[];
}

/** The rows that a table should have. */
export interface ExpectedRows {
  readonly byKey: ReadonlyMap<string, CanonicalRow>;
  /** With its line, by the line's beginning: of rows whose lines begin alike the last one. */
  readonly byStart: ReadonlyMap<string, { readonly row: CanonicalRow; readonly line: string }>;
  /** Keys of rows that change while they are read, because of the time: nobody can say what of them is right. */
  readonly moving: ReadonlySet<string>;
}

/**
 * Rows that must be there, of which each has another key. `later`: the same at the end of the comparison, where rows
 * expire; what differs until then is moving.
 */
export function expectRows(
  { key }: Pick<ComparedColumns, "key">,
  { rows, later = null }: { readonly rows: Iterable<CanonicalRow>; readonly later?: Iterable<CanonicalRow> | null },
): ExpectedRows {
  const byKey = new Map<string, CanonicalRow>();
  for (const row of rows) byKey.set(canonicalKey(key, row), row);
  const moving = later === null ? new Set<string>() : movingKeys(key, { byKey, later });
  for (const text of moving) byKey.delete(text);
  const byStart = new Map<string, { row: CanonicalRow; line: string }>();
  for (const row of byKey.values()) {
    const line = canonicalLine(row);
    byStart.set(startOf(line, key.length), { row, line });
  }
  return { byKey, byStart, moving };
}

function movingKeys(
  key: readonly number[],
  { byKey, later }: { readonly byKey: ReadonlyMap<string, CanonicalRow>; readonly later: Iterable<CanonicalRow> },
): Set<string> {
  const moving = new Set(byKey.keys());
  for (const row of later) {
    const text = canonicalKey(key, row);
    const before = byKey.get(text);
    if (before !== undefined && canonicalLine(before) === canonicalLine(row)) moving.delete(text);
    else moving.add(text);
  }
  return moving;
}

/** The rows that it has. */
export interface ActualRows {
  /** In portions, in any order. */
  readonly lines: AsyncIterable<readonly string[]>;
  /** What a line says. */
  parse(line: string): CanonicalRow;
  /** Whether a row is not judged that is not expected; all are if absent. */
  leavesOut?(row: CanonicalRow): boolean;
}

/**
 * Compares the rows of one table, each with the one of its key. A line that is a row's {@link canonicalLine} is that
 * row, and need not be taken apart; other spellings of it are.
 */
export async function compareRows(
  columns: ComparedColumns,
  { expected, actual }: { readonly expected: ExpectedRows; readonly actual: ActualRows },
): Promise<Comparison> {
  const found = new Set<CanonicalRow>();
  const extra = new Set<string>();
  const samples: Difference[] = [];
  const counts = { missing: 0, extra: 0, different: 0 };
  const note = (count: keyof typeof counts, difference: () => Difference) => {
    counts[count]++;
    if (samples.length < SAMPLES_MAX) samples.push(difference());
  };
  const { names } = columns;
  const keyText = (row: CanonicalRow) => columns.key.map((place) => `${names[place]}=${shown(row[place])}`).join(", ");
  const compare = (line: string) => {
    const likely = expected.byStart.get(startOf(line, columns.key.length));
    if (likely !== undefined && likely.line === line && !found.has(likely.row)) {
      found.add(likely.row);
      return;
    }
    const row = actual.parse(line);
    const key = canonicalKey(columns.key, row);
    if (expected.moving.has(key)) return;
    const wanted = expected.byKey.get(key);
    if (wanted === undefined && actual.leavesOut?.(row) === true) return;
    const twice = wanted === undefined ? extra.has(key) : found.has(wanted);
    if (wanted === undefined) extra.add(key);
    else found.add(wanted);
    if (twice) note("extra", () => ({ kind: "twice", key: keyText(row), columns: [] }));
    else if (wanted === undefined) note("extra", () => ({ kind: "extra", key: keyText(row), columns: [] }));
    else if (!wanted.every((value, place) => same(value, row[place]))) {
      note("different", () => ({ kind: "different", key: keyText(row), columns: differing(names, { wanted, row }) }));
    }
  };
  for await (const lines of actual.lines) lines.forEach(compare);
  for (const row of expected.byKey.values()) {
    if (!found.has(row)) note("missing", () => ({ kind: "missing", key: keyText(row), columns: [] }));
  }
  return { rows: expected.byKey.size, ...counts, samples };
}

/**
 * One text for the values of the key columns, whose places are `key`. Of a text alone the text behind a mark: JSON
 * takes longer, and texts that count up would be slow as keys of a Map.
 */
export function canonicalKey(key: readonly number[], row: CanonicalRow): string {
  const first = row[key[0]];
  return key.length === 1 && typeof first === "string" ? `=${first}` : JSON.stringify(key.map((place) => row[place]));
}

/**
 * As many columns of a line as the key has: mostly the key itself. The whole line would do, but each text that a Map is
 * asked for is kept by V8 in a table of its own, which takes as long as the text is.
 */
function startOf(line: string, columns: number): string {
  let end = 0;
  for (let column = 0; column < columns; column++) {
    end = line.indexOf('", ', end + 1);
    if (end < 0) return line;
  }
  return line.slice(0, end);
}

/** A row as ClickHouse writes it in JSONCompactEachRow, but for values within values and escaped slashes. */
export function canonicalLine(row: CanonicalRow): string {
  return `[${row.map((value) => JSON.stringify(value)).join(", ")}]`;
}

function differing(
  names: readonly string[],
  { wanted, row }: { readonly wanted: CanonicalRow; readonly row: CanonicalRow },
): Difference["columns"] {
  return names.map((name, place) => ({ name, expected: wanted[place], actual: row[place] }))
    .filter(({ expected, actual }) => !same(expected, actual))
    .map(({ name, expected, actual }) => ({ name, expected: shown(expected), actual: shown(actual) }));
}

function same(a: Canonical, b: Canonical): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}

function shown(value: Canonical): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}...`;
}
