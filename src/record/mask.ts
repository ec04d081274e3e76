/** What stands where a value is that is not shown. */
export const MASKED = "(masked)";

/**
 * What people are not shown of a value: of an object the columns by name, and of all others whether they are hidden;
 * of a list what is hidden of each item. Hidden without any exception is the whole value, and the names in it.
 */
export interface Mask {
  /** Whether columns that are not named are hidden, and whatever is no object. */
  readonly others: boolean;
  readonly columns: ReadonlyMap<string, Mask>;
}

/** Nothing is hidden. */
export const SHOWN: Mask = { others: false, columns: new Map() };

/** Everything is hidden. */
export const HIDDEN: Mask = { others: true, columns: new Map() };

/** These columns are hidden, and no others. */
export function hiding(columns: Iterable<string>): Mask {
  return { others: false, columns: new Map([...columns].map((name) => [name, HIDDEN])) };
}

/** The same, but of these columns as said here. */
export function withColumns(mask: Mask, columns: Iterable<readonly [string, Mask]>): Mask {
  return { others: mask.others, columns: new Map([...mask.columns, ...columns]) };
}

/** Whether there is anything to hide. */
export function hidesAnything({ others, columns }: Mask): boolean {
  return others || columns.values().some(hidesAnything);
}

/** What is hidden of a column. */
export function maskOf({ others, columns }: Mask, column: string): Mask {
  return columns.get(column) ?? (others ? HIDDEN : SHOWN);
}

/** What any of these hides. */
export function union(...masks: readonly Mask[]): Mask {
  const names = new Set(masks.flatMap(({ columns }) => [...columns.keys()]));
  return {
    others: masks.some(({ others }) => others),
    columns: new Map([...names].map((name) => [name, union(...masks.map((mask) => maskOf(mask, name)))])),
  };
}

/**
 * The value as it is shown. Names of columns that nobody declared may tell what is hidden, so the columns that are
 * hidden without being named are one column, {@link MASKED}. What is no object, where one was expected, is hidden.
 */
export function masked(value: unknown, mask: Mask): unknown {
  if (!hidesAnything(mask)) return value;
  if (mask.columns.size === 0) return MASKED;
  if (value === null || value === undefined) return mask.others ? MASKED : value;
  if (Array.isArray(value)) return value.map((item) => masked(item, mask));
  return isPlain(value) ? maskedRow(value, mask) : MASKED;
}

/** The columns of a key as they are shown: all rows of a table have their names, which tell nothing. */
export function maskedKey<R extends Readonly<Record<string, unknown>>>(key: R, mask: Mask): R {
  if (!hidesAnything(mask)) return key;
  const columns = Object.entries(key).map((
    [name, value],
  ) => [name, hidesAnything(maskOf(mask, name)) ? MASKED : value]);
  return Object.fromEntries(columns) as R;
}

/** A row as it is shown, which stays one. */
export function maskedRow<R extends Readonly<Record<string, unknown>> | null>(row: R, mask: Mask): R {
  if (row === null || !hidesAnything(mask)) return row;
  const named = Object.keys(row).filter((name) => !mask.others || mask.columns.has(name));
  const fields = named.map((name) => [name, masked(row[name], maskOf(mask, name))]);
  const more = named.length < Object.keys(row).length ? [[MASKED, MASKED]] : [];
  return Object.fromEntries([...fields, ...more]) as R;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
