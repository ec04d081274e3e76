import type { DatabaseSync, StatementSync } from "node:sqlite";
import { FOREIGN_KEYS, type Rows, type TableName, TABLES } from "./schema.ts";
import type { ChildColumn, Tables } from "./tables.ts";

interface Statements {
  readonly get: StatementSync;
  readonly atOrAfter: StatementSync;
  readonly insert: StatementSync;
  readonly update: StatementSync;
  /** Foreign keys are written only when they change, as each costs an index entry. */
  readonly move: StatementSync | null;
  readonly delete: StatementSync;
}

/** Rows of one table that are kept ready; past it all of them are forgotten, and the busy ones soon come back. */
const CACHED_ROWS_MAX = 8_000;

/** {@link Tables} over the store's file. */
export interface FileTables extends Tables {
  /** Forgets the rows kept ready: to be called when a transaction was rolled back. */
  forget(): void;
}

/**
 * Each row is kept as the JSON text of its `after`, beside its foreign keys. Most work is done on few rows, so those
 * last seen are also kept as objects: no other process may write the file.
 */
export function fileTables(db: DatabaseSync): FileTables {
  const statements = new Map(TABLES.map((table) => [table, prepare(db, table)]));
  const caches = new Map(TABLES.map((table) => [table, new Map<number, Rows[TableName]>()]));
  const children = new Map<string, StatementSync>();
  for (const table of TABLES) {
    for (const [column] of FOREIGN_KEYS[table]) {
      children.set(`${table}.${column}`, db.prepare(`SELECT id FROM ${table} WHERE ${column} = ? ORDER BY id LIMIT ?`));
    }
  }

  const keep = (table: TableName, row: Rows[TableName]): void => {
    const cache = caches.get(table)!;
    if (cache.size >= CACHED_ROWS_MAX) cache.clear();
    cache.set(row.id, row);
  };
  /** A row with exactly this id answers both questions, so one cache serves both. */
  const find = <T extends TableName>(table: T, id: number, statement: StatementSync): Rows[T] | undefined => {
    const cached = caches.get(table)!.get(id);
    if (cached !== undefined) return cached as Rows[T];
    const found = statement.get(id);
    if (found === undefined) return undefined;
    const row = JSON.parse(found.body as string) as Rows[T];
    keep(table, row);
    return row;
  };

  return {
    get: (table, id) => find(table, id, statements.get(table)!.get),
    atOrAfter: (table, id) => find(table, id, statements.get(table)!.atOrAfter),
    children([table, column]: ChildColumn, parent, most) {
      const found = children.get(`${table}.${column}`)!.all(parent, Number.isFinite(most) ? most : -1);
      return found.map((row) => row.id as number);
    },
    insert(table, row, text) {
      statements.get(table)!.insert.run(row.id, ...parents(table, row), text);
      keep(table, row);
    },
    update(table, before, after, text) {
      const { update, move } = statements.get(table)!;
      const moved = FOREIGN_KEYS[table].some(([column]) => before[column] !== after[column]);
      if (moved) move!.run(...parents(table, after), text, after.id);
      else update.run(text, after.id);
      keep(table, after);
    },
    delete(table, row) {
      statements.get(table)!.delete.run(row.id);
      caches.get(table)!.delete(row.id);
    },
    forget: () => caches.forEach((cache) => cache.clear()),
  };
}

function prepare(db: DatabaseSync, table: TableName): Statements {
  const columns = FOREIGN_KEYS[table].map(([column]) => column);
  const places = ["id", ...columns, "body"];
  return {
    get: db.prepare(`SELECT body FROM ${table} WHERE id = ?`),
    atOrAfter: db.prepare(`SELECT body FROM ${table} WHERE id >= ? ORDER BY id LIMIT 1`),
    insert: db.prepare(`INSERT INTO ${table} (${places.join(", ")}) VALUES (${places.map(() => "?").join(", ")})`),
    update: db.prepare(`UPDATE ${table} SET body = ? WHERE id = ?`),
    move: columns.length === 0
      ? null
      : db.prepare(`UPDATE ${table} SET ${columns.map((column) => `${column} = ?`).join(", ")}, body = ? WHERE id = ?`),
    delete: db.prepare(`DELETE FROM ${table} WHERE id = ?`),
  };
}

function parents<T extends TableName>(table: T, row: Rows[T]): number[] {
  return FOREIGN_KEYS[table].map(([column]) => row[column] as unknown as number);
}
