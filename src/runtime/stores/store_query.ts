import { comparedText } from "../../record/key_column.ts";
import { WINDOW_START } from "../../processor/stateful/result_of.ts";
import type { StoreColumn } from "./store.ts";
import { beginsWithGiven, compareWithGiven, type GivenValue, givenValue, meanings } from "./given_value.ts";

/** Values of the key columns in their order, as many as there are; or of some, by name. */
export type GivenKey = readonly GivenValue[] | ReadonlyMap<string, GivenValue>;

/**
 * What is asked of a store; a text stands for the key that {@link readKey} makes of it. Nothing given: everything.
 */
export interface StoreQuery {
  /** Rows whose key columns have these values. Of fewer columns than the key has: all rows that have them. */
  readonly key?: string | GivenKey;
  /** As `key`; of the last column given, texts that begin so count, too. */
  readonly prefix?: string | readonly GivenValue[];
  /** Keys from here on, this one included; of windows: those that begin then or later. */
  readonly from?: string;
  /** Keys up to here, this one included; of windows: those that begin then or earlier. */
  readonly to?: string;
  /** Keys behind this one, which is whole: to go on behind the last row of an answer. */
  readonly after?: string;
  /** Rows at most. */
  readonly limit: number;
}

/** A query for keys of certain columns. */
export interface KeyMatch {
  /** Whether the key is asked for. */
  matches(key: readonly unknown[]): boolean;
  /** What all keys that are asked for begin with; null: with anything. */
  readonly exact: readonly (readonly unknown[])[] | null;
}

/** Keys that one typed key may be: numbers and texts of one look are different keys. */
const MEANINGS_MAX = 256;

/** @throws TypeError for what cannot be asked of a store of these key columns */
export function keyMatch(
  { key, prefix, from, to, after }: Omit<StoreQuery, "limit">,
  { columns, windowed }: { readonly columns: readonly StoreColumn[]; readonly windowed: boolean },
): KeyMatch {
  const read = (given: string | GivenKey): Places =>
    byPlace(given, columns.map(({ name }) => name)).map((value, place) =>
      value === undefined ? undefined : { ...value, text: comparedText(value.text, columns[place].text) }
    );
  const equal = key === undefined ? [] : read(key);
  const first = prefix === undefined ? [] : leading(read(prefix), "prefix");
  const range = windowed ? timeRange({ from, to }) : keyRange({ from, to }, (text) => leading(read(text), "range"));
  const last = after === undefined ? null : leading(read(after), "key to go on behind");
  const start = columns.findLastIndex(({ name }) => name === WINDOW_START);
  return {
    exact: key === undefined || prefix !== undefined ? null : exactKeys(equal),
    matches: (held) =>
      equal.every((given, place) => given === undefined || compareWithGiven(held[place], given) === 0) &&
      first.every((given, place) =>
        place < first.length - 1 ? compareWithGiven(held[place], given) === 0 : beginsWithGiven(held[place], given)
      ) && range(windowed ? [held[start]] : held) && (last === null || compareToGiven(held, last) > 0),
  };
}

type Places = readonly (GivenValue | undefined)[];

/**
 * A typed key: a JSON object of columns by name, or their values with commas between them, texts quoted or not. Spaces
 * around commas are none of the values; the text of a single column is taken as it is.
 */
export function readKey(text: string, columns: readonly string[]): GivenKey {
  if (text.startsWith("{")) {
    const named = namedValues(text);
    if (named !== null) return named;
  }
  const parts = columns.length === 1 ? [text] : dividedAtCommas(text).map((part) => part.trim());
  return parts.map((part) => givenValue(unquoted(part)));
}

/** Numbers keep their digits. Null for a text that only begins as an object. */
function namedValues(text: string): ReadonlyMap<string, GivenValue> | null {
  try {
    const exact = (_: string, value: unknown, { source }: { readonly source?: string }) =>
      typeof value === "number" ? source : value;
    const named = (JSON.parse as (text: string, reviver: typeof exact) => Record<string, unknown>)(text, exact);
    return new Map(Object.entries(named).map(([name, value]) => [name, givenValue(String(value))]));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function dividedAtCommas(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? [];
}

function unquoted(part: string): string {
  if (!/^".*"$/s.test(part)) return part;
  try {
    return String(JSON.parse(part));
  } catch {
    return part;
  }
}

function byPlace(given: string | GivenKey, columns: readonly string[]): Places {
  const key = typeof given === "string" ? readKey(given, columns) : given;
  if (Array.isArray(key)) {
    const values = key as readonly GivenValue[];
    if (values.length > columns.length || values.length === 0) {
      throw new TypeError(
        `Cannot look up a key of ${values.length} values: it has ${columns.length}, which are ${columns.join(", ")}`,
      );
    }
    return values;
  }
  const named = key as ReadonlyMap<string, GivenValue>;
  for (const name of named.keys()) {
    if (columns.includes(name)) continue;
    throw new TypeError(`Cannot look up by "${name}": the columns of the key are ${columns.join(", ")}`);
  }
  return columns.map((name) => named.get(name));
}

/** Columns without a gap. */
function leading(places: Places, what: string): readonly GivenValue[] {
  const values = places.slice(0, places.findLastIndex((given) => given !== undefined) + 1);
  if (values.includes(undefined)) {
    throw new TypeError(`Cannot use the ${what}: give the first columns of the key, without a gap`);
  }
  return values as GivenValue[];
}

type Range = (key: readonly unknown[]) => boolean;

function keyRange({ from, to }: Pick<StoreQuery, "from" | "to">, read: (text: string) => readonly GivenValue[]): Range {
  const [least, greatest] = [from, to].map((text) => text === undefined ? null : read(text));
  return (key) =>
    (least === null || compareToGiven(key, least) >= 0) && (greatest === null || compareToGiven(key, greatest) <= 0);
}

/** By as many columns as are given. */
function compareToGiven(key: readonly unknown[], given: readonly GivenValue[]): number {
  for (const [place, value] of given.entries()) {
    const compared = compareWithGiven(key[place], value);
    if (compared !== 0) return compared;
  }
  return 0;
}

function timeRange({ from, to }: Pick<StoreQuery, "from" | "to">): Range {
  const [fromUs, toUs] = [from, to].map((text) => text === undefined ? null : microseconds(text));
  return ([start]) => (fromUs === null || (start as number) >= fromUs) && (toUs === null || (start as number) <= toUs);
}

function microseconds(text: string): number {
  const time = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text) * 1_000;
  if (Number.isSafeInteger(time)) return time;
  throw new TypeError(
    `Cannot use "${text}" as the time at which windows begin: write 2026-01-31T10:00:00Z, or microseconds since 1970`,
  );
}

function exactKeys(places: Places): readonly (readonly unknown[])[] | null {
  const given = places.slice(0, places.indexOf(undefined) < 0 ? places.length : places.indexOf(undefined));
  let keys: unknown[][] = [[]];
  for (const value of given) {
    keys = keys.flatMap((key) => [...meanings(value!)].map((meaning) => [...key, meaning]));
    if (keys.length > MEANINGS_MAX) return null;
  }
  return given.length === 0 ? null : keys;
}
