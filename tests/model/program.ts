import { type Change, digestOf, type Row, UNKNOWN } from "./values.ts";

/** Rows of O are looked up by L, rows of U by L or by O, rows of G are on every instance. */
export type TableName = "L" | "O" | "U";
export const TABLES: readonly TableName[] = ["L", "O", "U"];

/** What a topology says. */
export interface Plan {
  /** A row without its partner is shown with nulls; otherwise it is not shown. */
  readonly left: boolean;
  /** O joins U and serves joined rows; otherwise L looks U up by itself. */
  readonly derived: boolean;
  readonly factor: number;
  /** How a source's number is read. */
  readonly unit: number;
}

/** Says how records become rows. */
export function sourceHashOf({ unit }: Plan): string {
  return `unit ${unit}`;
}

/** Says what is made of rows. */
export function programHashOf({ left, derived, factor }: Plan): string {
  return JSON.stringify([left, derived, factor]);
}

/** Finds a partner: a row, null for none, or UNKNOWN. */
export type Look = (table: "O" | "U" | "G", key: string) => Row | null | typeof UNKNOWN;

/** What a row gives: what is shown or served; UNKNOWN while a partner is. */
export interface Outcome {
  readonly result: Row | null | typeof UNKNOWN;
  /** What it adds to its group beside what is shown. */
  readonly added: number;
  /** A callback threw: the row is absent, and there is a dead letter. */
  readonly failed: boolean;
}

const GIVEN = (result: Row | null | typeof UNKNOWN): Outcome => ({ result, added: 0, failed: false });

/** The program of a table's row, for tasks as for the computation from scratch. */
export function evaluateRow(table: TableName, row: Row, { plan, look }: { plan: Plan; look: Look }): Outcome {
  if (table === "U" || (table === "O" && !plan.derived)) return GIVEN(row);
  if (table === "O") {
    const user = row.u === null ? null : look("U", String(row.u));
    if (user === UNKNOWN) return GIVEN(UNKNOWN);
    return GIVEN(user === null && !plan.left ? null : { st: row.st, c: user?.c ?? null, w: user?.w ?? 0 });
  }
  const order = row.o === null ? null : look("O", String(row.o));
  if (order === UNKNOWN) return GIVEN(UNKNOWN);
  const user = order === null ? null : plan.derived ? order : order.u === null ? null : look("U", String(order.u));
  const product = look("G", String(row.g));
  if (user === UNKNOWN || product === UNKNOWN) return GIVEN(UNKNOWN);
  if (!plan.left && (order === null || user === null || product === null)) return GIVEN(null);
  const s = Number(row.q) * Number(product?.pr ?? 1) * plan.factor;
  if (s % 7 === 0) return { result: null, added: 0, failed: true };
  const result = { st: order?.st ?? null, c: user?.c ?? null, sl: product?.sl ?? "S9", s, o: row.o };
  return { result, added: s + Number(user?.w ?? 0), failed: false };
}

/** A row that lost its key to another one within a transaction. */
export interface FormerRow {
  readonly transaction: number;
  readonly row: Row;
}

/** Rows of a partition as its records give them. */
export interface SourceRows {
  readonly rows: { get(key: string): Row | null | undefined };
  readonly former: Map<string, FormerRow>;
}

/** The row that a key has after a change. */
export function changed(
  { rows, former }: SourceRows,
  { key, change }: { readonly key: string; readonly change: Change | null },
): Row | null {
  const held = rows.get(key) ?? null;
  const before = former.get(key);
  former.delete(key);
  if (change === null) return null;
  if (change.kind === "put") return change.row;
  if (change.kind === "exchange") {
    if (held !== null) former.set(key, { transaction: change.transaction, row: held });
    return change.row;
  }
  const displaced = before?.transaction === change.transaction && digestOf(before.row) === digestOf(change.before);
  return displaced ? held : null;
}

/** A row as the plan reads it. */
export function decoded(row: Row, { unit }: Plan): Row {
  return row.q === undefined ? row : { ...row, q: Number(row.q) * unit };
}
