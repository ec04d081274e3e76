import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ConfigError } from "../record/errors.ts";
import { FOREIGN_KEYS, TABLES_BY_REFERENCE } from "./schema.ts";
import type { History } from "./transaction.ts";

/** What the file keeps beside the rows; written in the same transaction as the rows that it belongs to. */
export interface StoreState {
  readonly history: History;
  /** `started` before the first row is sent, `done` when the last one is acknowledged. */
  snapshot: "none" | "started" | "done";
}

/** One entry of the outbox: the records of one commit, encoded by `outbox_entry.ts`. */
export interface OutboxEntry {
  readonly seq: number;
  readonly records: string;
}

/**
 * The demo store's file: rows, outbox and state in one SQLite database in WAL mode. What was committed survives the end
 * of the process at any moment. One process writes; others may read (`readDemoStore`).
 */
export interface StoreFile {
  readonly db: DatabaseSync;
  /** The state found in the file; `null` in a new one. */
  readonly found: StoreState | null;
  /**
   * Creates the tables, lets `seed` insert the first rows, and stores the state, all in one transaction. For a new file
   * only.
   */
  create(state: StoreState, seed: () => void): void;
  /**
   * Runs `write` and stores the state in one transaction. Nothing happened when it throws.
   * @throws ConfigError at a second writer
   */
  commit(state: StoreState, write: () => void): void;
  /** Puts records into the outbox; only within `commit`. */
  push(records: string): void;
  /** The oldest entry. */
  next(): OutboxEntry | undefined;
  /** Removes an entry: all its records have been acknowledged. */
  acknowledge(entry: OutboxEntry): void;
  close(): void;
}

/**
 * Opens the file, or makes an empty one that `create` must fill before anything else is done with it.
 * @throws ConfigError when it is no demo store
 */
export function openStoreFile(path: string): StoreFile {
  try {
    return openFile(path);
  } catch (error) {
    const reason = (error as Error).message;
    throw new ConfigError([`Cannot open "${path}" as a demo store: current value is "${reason}"`], { cause: error });
  }
}

function openFile(path: string): StoreFile {
  const db = new DatabaseSync(path);
  db.exec(
    "PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000",
  );
  // Rows are small and scattered, so small pages write less. Every entry of the outbox passes through the WAL: a long
  // one (64 MiB) is copied into the database, and synchronised, less often.
  db.exec("PRAGMA wal_autocheckpoint = 32000; PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF");
  const stored = readState(db);
  let version = stored?.version ?? 0;
  let statements = stored === undefined ? null : prepare(db);
  const transact = (state: StoreState, write: () => void): void => {
    db.exec("BEGIN IMMEDIATE");
    try {
      // Two writers would send changes of one row in different orders.
      if (statements !== null && statements.version.get()?.version !== version) throw secondWriter(path);
      write();
      statements ??= prepare(db);
      statements.save.run(version + 1, JSON.stringify(state));
      db.exec("COMMIT");
      version++;
    } catch (error) {
      rollBack(db);
      throw error;
    }
  };
  if (stored !== undefined) db.exec("PRAGMA foreign_keys = ON");
  return {
    db,
    found: stored === undefined ? null : JSON.parse(stored.body),
    create(state, seed) {
      transact(state, () => {
        db.exec(CREATE_TABLES);
        seed();
        // Afterwards it is faster than row by row; so are foreign keys, which the seed obeys.
        db.exec(CREATE_INDEXES);
      });
      db.exec("PRAGMA foreign_keys = ON");
    },
    commit: transact,
    push: (records) => void statements!.insert.run(records),
    next: () => statements!.select.get() as OutboxEntry | undefined,
    acknowledge: (entry) => void statements!.remove.run(entry.seq),
    close: () => db.close(),
  };
}

interface StoreStatements {
  readonly insert: StatementSync;
  readonly select: StatementSync;
  readonly remove: StatementSync;
  readonly version: StatementSync;
  readonly save: StatementSync;
}

function prepare(db: DatabaseSync): StoreStatements {
  return {
    insert: db.prepare("INSERT INTO outbox (records) VALUES (?)"),
    select: db.prepare("SELECT seq, records FROM outbox ORDER BY seq LIMIT 1"),
    remove: db.prepare("DELETE FROM outbox WHERE seq = ?"),
    version: db.prepare("SELECT version FROM state"),
    save: db.prepare("INSERT OR REPLACE INTO state (id, version, body) VALUES (1, ?, ?)"),
  };
}

/** Some errors (a full disk) have rolled back already, and their own message matters more. */
function rollBack(db: DatabaseSync): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // No transaction is active: nothing is left to roll back.
  }
}

function readState(db: DatabaseSync): { version: number; body: string } | undefined {
  const created = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'state'").get() !== undefined;
  return created ? db.prepare("SELECT version, body FROM state").get() as { version: number; body: string } : undefined;
}

const CREATE_TABLES = [
  "CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, body TEXT NOT NULL) STRICT",
  "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, records TEXT NOT NULL) STRICT",
  ...TABLES_BY_REFERENCE.map((table) => {
    const references = FOREIGN_KEYS[table].map(([column, parent]) =>
      `${column} INTEGER NOT NULL REFERENCES ${parent} (id), `
    );
    return `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, ${references.join("")}body TEXT NOT NULL) STRICT`;
  }),
].join(";\n");

const CREATE_INDEXES = TABLES_BY_REFERENCE.flatMap((table) =>
  FOREIGN_KEYS[table].map(([column]) => `CREATE INDEX ${table}_${column} ON ${table} (${column})`)
).join(";\n");

function secondWriter(path: string): ConfigError {
  return new ConfigError([
    `Cannot write "${path}" as the only writer: current value is changed by another process. ` +
    "Stop the other demo store that uses this file",
  ]);
}
