import { DatabaseSync } from "node:sqlite";
import type { PerTable, Rows, TableName } from "./schema.ts";
import type { StoreState } from "./store_file.ts";

/** Rows read at a time. */
const CHUNK_ROWS = 1_000;

/** A row as the JSON of `after` of an envelope. */
interface RowText {
  readonly id: number;
  readonly after: string;
}

/**
 * All tables of a demo store at one instant: a row is here exactly if its change had been committed when the view was
 * opened.
 */
export interface StoreView {
  readonly seed: number;
  readonly counts: PerTable;
  /** Changes committed up to this instant. */
  readonly changes: number;
  /** The rows in the order of their ids, each as `after` of an envelope holds it. */
  rows<T extends TableName>(table: T): IterableIterator<Rows[T]>;
  /** The same as JSON texts. */
  texts(table: TableName): IterableIterator<RowText>;
  /** Those with ids above `after` and up to `upTo`, in the order of their ids, at most `rowsMax`; all if absent. */
  textsWithin(
    table: TableName,
    range: { readonly after: number; readonly upTo?: number; readonly rowsMax?: number },
  ): readonly RowText[];
  /** The one with this id, if it is there. */
  textOf(table: TableName, id: number): RowText | undefined;
  /** Commits of which the log does not have all records yet: the numbers of the first and the last; null: none. */
  unsent(): { readonly first: number; readonly last: number } | null;
  close(): void;
}

/**
 * Opens a view of the store in a file, from this or any other process, also while the store runs. Close it soon: until
 * then the file's write-ahead log cannot shrink.
 * @throws Error of SQLite when the file is not a demo store
 */
export function readDemoStore(path: string): StoreView {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    db.exec("BEGIN");
    // The transaction's instant is that of its first read.
    return viewOf(db, () => db.close());
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A view through an open connection, as consistent as the connection's transaction is. */
export function viewOf(db: DatabaseSync, close: () => void): StoreView {
  const found = db.prepare("SELECT body FROM state").get() as { body: string };
  const { history } = JSON.parse(found.body) as StoreState;
  function* texts(table: TableName): IterableIterator<RowText> {
    for (const rows of rowChunks(db, { table, rowsMax: CHUNK_ROWS })) yield* rows;
  }
  return {
    seed: history.seed,
    counts: history.counts,
    changes: history.changes,
    *rows(table) {
      for (const { after } of texts(table)) yield JSON.parse(after);
    },
    texts,
    textsWithin: (table, { after, upTo = Number.MAX_SAFE_INTEGER, rowsMax = -1 }) =>
      db.prepare(`SELECT id, body AS after FROM ${table} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?`)
        .all(after, upTo, rowsMax) as unknown as RowText[],
    textOf: (table, id) =>
      db.prepare(`SELECT id, body AS after FROM ${table} WHERE id = ?`).get(id) as unknown as RowText | undefined,
    unsent() {
      const found = db.prepare("SELECT min(seq) AS first, max(seq) AS last FROM outbox").get() as {
        first: number | null;
        last: number | null;
      };
      return found.first === null || found.last === null ? null : { first: found.first, last: found.last };
    },
    close,
  };
}

/** All rows of a table in the order of their ids, at most `rowsMax` at a time, which is quicker than one by one. */
export function* rowChunks(
  db: DatabaseSync,
  { table, rowsMax }: { readonly table: TableName; readonly rowsMax: number },
): IterableIterator<readonly RowText[]> {
  const chunk = db.prepare(`SELECT id, body AS after FROM ${table} WHERE id > ? ORDER BY id LIMIT ${rowsMax}`);
  for (let last = 0;;) {
    const rows = chunk.all(last) as unknown as RowText[];
    if (rows.length > 0) yield rows;
    if (rows.length < rowsMax) return;
    last = rows[rows.length - 1].id;
  }
}
