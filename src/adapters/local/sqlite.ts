import { DatabaseSync } from "node:sqlite";
import { ConfigError, ProductionError } from "../../record/errors.ts";

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_NOMEM = 7;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const RETRIABLE = new Set([SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM, SQLITE_IOERR, SQLITE_FULL]);

/** SQLite's primary result code of an error that node:sqlite threw. */
function codeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** Whether SQLite says that another process has the file locked. */
export function isBusy(error: unknown): boolean {
  return typeof error === "object" && error !== null && codeOf(error) === SQLITE_BUSY;
}

/** Whether SQLite has refused something, as it does with a damaged file. */
export function isDatabaseError(error: unknown): boolean {
  return typeof error === "object" && error !== null && codeOf(error) !== undefined;
}

/** What the port's users see of an error of SQLite. `action` completes "Cannot ...". */
export function productionError(action: string, error: unknown): ProductionError {
  if (error instanceof ProductionError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const retriable = RETRIABLE.has(codeOf(error) ?? -1);
  return new ProductionError(`Cannot ${action}: current value is "${reason}"`, { retriable, cause: error });
}

/** Runs one statement. `DatabaseSync.exec` would do, but under Deno its errors lack SQLite's result code. */
function execute(database: DatabaseSync, statement: string): void {
  database.prepare(statement).all();
}

/** All of `work` or nothing. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  execute(database, "BEGIN IMMEDIATE");
  try {
    const result = work();
    execute(database, "COMMIT");
    return result;
  } catch (error) {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (database.isTransaction) execute(database, "ROLLBACK");
    throw error;
  }
}

/** What makes a database. */
export interface OpenDatabaseOptions {
  /** A file, created if missing, or `:memory:`. */
  readonly path: string;
  /** Statements run inside one transaction at every opening; must be repeatable. */
  readonly schema: readonly string[];
  /** Statements run before anything else, outside any transaction. */
  readonly pragmas: readonly string[];
  /** Milliseconds to wait, blocking, for another process that has the file locked. */
  readonly lockWaitMs: number;
  /** Number written into the file; a file with a greater one comes from a newer program. */
  readonly version: number;
  /** Statements that come before `schema`, for a file of an older version; by that version. */
  readonly upgrades?: Readonly<Record<number, readonly string[]>>;
}

/**
 * Opens a database and makes sure of its schema.
 * @throws ConfigError when the file cannot be opened, is held by another process, or was written by a newer version
 */
export function openDatabase(options: OpenDatabaseOptions): DatabaseSync {
  const { path, schema, pragmas, lockWaitMs, version, upgrades = {} } = options;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: lockWaitMs });
    for (const pragma of pragmas) execute(database, pragma);
    execute(database, "BEGIN EXCLUSIVE");
    const found = Number(database.prepare("PRAGMA user_version").get()!.user_version);
    if (found > version) {
      throw new ConfigError([
        `Cannot open "${path}" as version ${version}: current value is version ${found}. ` +
        "Use the newer program that wrote it, or another data directory",
      ]);
    }
    for (const statement of [...upgrades[found] ?? [], ...schema, `PRAGMA user_version = ${version}`, "COMMIT"]) {
      execute(database, statement);
    }
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([unopened(path, error)], { cause: error });
  }
}

function unopened(path: string, error: unknown): string {
  if (codeOf(error) === SQLITE_BUSY) {
    return `Cannot open "${path}" as the only process: current value is "in use". ` +
      "End the process that has it open, or use another directory";
  }
  const reason = error instanceof Error ? error.message : String(error);
  return `Cannot open "${path}" as a database: current value is "${reason}". ` +
    "Check the path, its permissions and the disk";
}
