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

/** {@link Tables} over the store's file. Each row is kept as the JSON text of its `after`, beside its foreign keys. */
export function fileTables(db: DatabaseSync): Tables {
  const statements = new Map(TABLES.map((table) => [table, prepare(db, table)]));
  const children = new Map<string, StatementSync>();
  for (const table of TABLES) {
    for (const [column] of FOREIGN_KEYS[table]) {
      children.set(`${table}.${column}`, db.prepare(`SELECT id FROM ${table} WHERE ${column} = ? ORDER BY id LIMIT ?`));
    }
  }
  return {
    get: (table, id) => parse(statements.get(table)!.get.get(id)),
    atOrAfter: (table, id) => parse(statements.get(table)!.atOrAfter.get(id)),
    children([table, column]: ChildColumn, parent, most) {
      const found = children.get(`${table}.${column}`)!.all(parent, Number.isFinite(most) ? most : -1);
      return found.map((row) => row.id as number);
    },
    insert: (table, row, text) => void statements.get(table)!.insert.run(row.id, ...parents(table, row), text),
    update(table, before, after, text) {
      const { update, move } = statements.get(table)!;
      const moved = FOREIGN_KEYS[table].some(([column]) => before[column] !== after[column]);
      if (moved) move!.run(...parents(table, after), text, after.id);
      else update.run(text, after.id);
    },
    delete: (table, row) => void statements.get(table)!.delete.run(row.id),
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

function parse<T extends TableName>(found: Record<string, unknown> | undefined): Rows[T] | undefined {
  return found === undefined ? undefined : JSON.parse(found.body as string);
}
