// deno-lint-ignore-file require-await -- methods of the port are async so that what they throw is a rejection
import type { DatabaseSync } from "node:sqlite";
import type { DeadLetter, DeadLetters } from "../../ports/dead_letters.ts";
import { inTransaction, openDatabase, productionError } from "./sqlite.ts";

/** Letters kept if nothing else is said; the oldest go first. */
export const DEAD_LETTERS_MAX = 100_000;

/** Letters that `list` gives back if nothing else is said. */
export const DEAD_LETTERS_LISTED = 100;

const KEY_BYTES_MAX = 1_024;
const RECORD_BYTES_MAX = 65_536;
const ERROR_BYTES_MAX = 4_096;

/** Where dead letters are kept, and how many. */
export interface EmbeddedDeadLettersOptions {
  /** A file, created if missing; several processes may have it open. `:memory:` for tests. */
  readonly path: string;
  /** {@link DEAD_LETTERS_MAX} if absent. */
  readonly lettersMax?: number;
}

/** Which letters; all of what is given must be the same. */
export interface DeadLetterFilter {
  readonly topology?: string;
  readonly stage?: DeadLetter["stage"];
  readonly reason?: string;
  readonly operator?: string;
  readonly topic?: string;
}

/** Which letters to list, and how many. */
export interface ListDeadLetters extends DeadLetterFilter {
  /** {@link DEAD_LETTERS_LISTED} if absent. */
  readonly limit?: number;
}

/** Dead letters in a file of their own. */
export interface EmbeddedDeadLetters extends DeadLetters {
  /** Newest first. */
  list(options?: ListDeadLetters): DeadLetter[];
  /** How many are kept now. */
  count(filter?: DeadLetterFilter): number;
  /** How many were dropped, ever, because there were too many. */
  dropped(): number;
  /** Nothing else may be called after it. */
  close(): void;
}

const VERSION = 1;

/** Writing a batch of letters takes another process far less. */
const LOCK_WAIT_MS = 2_000;

// WAL lets another process read while this one writes.
const PRAGMAS = ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"];

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity TEXT NOT NULL UNIQUE,
    topology TEXT NOT NULL,
    stage TEXT NOT NULL,
    reason TEXT NOT NULL,
    operator TEXT NOT NULL,
    error TEXT NOT NULL,
    topic TEXT,
    partition INTEGER,
    "offset" INTEGER,
    key TEXT,
    record TEXT,
    timestamp_ms INTEGER NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS dropped (only INTEGER PRIMARY KEY CHECK (only = 1), letters INTEGER NOT NULL)`,
  `INSERT OR IGNORE INTO dropped VALUES (1, 0)`,
];

const INSERT = `
  INSERT INTO letters (identity, topology, stage, reason, operator, error, topic, partition, "offset", key, record,
    timestamp_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING`;

/**
 * Opens the dead letters. The first letter of an identity stays as it came; when there are more than `lettersMax`, the
 * oldest are dropped and counted (one that comes again after that is kept again).
 * @throws ConfigError when the file cannot be opened
 */
export function openEmbeddedDeadLetters(options: EmbeddedDeadLettersOptions): EmbeddedDeadLetters {
  const { path, lettersMax = DEAD_LETTERS_MAX } = options;
  const database = openDatabase({ path, schema: SCHEMA, pragmas: PRAGMAS, version: VERSION, lockWaitMs: LOCK_WAIT_MS });
  return {
    async put(letters) {
      try {
        put(database, letters, { lettersMax });
      } catch (error) {
        throw productionError(`keep ${letters.length} dead letters`, error);
      }
    },
    list({ limit = DEAD_LETTERS_LISTED, ...filter } = {}) {
      const { where, values } = condition(filter);
      return database.prepare(`SELECT * FROM letters ${where} ORDER BY id DESC LIMIT ?`).all(...values, limit).map(
        letterOf,
      );
    },
    count(filter = {}) {
      const { where, values } = condition(filter);
      return Number(database.prepare(`SELECT count(*) AS letters FROM letters ${where}`).get(...values)!.letters);
    },
    dropped: () => Number(database.prepare("SELECT letters FROM dropped").get()!.letters),
    close: () => database.close(),
  };
}

function put(
  database: DatabaseSync,
  letters: readonly DeadLetter[],
  { lettersMax }: { readonly lettersMax: number },
): void {
  if (letters.length === 0) return;
  inTransaction(database, () => {
    const insert = database.prepare(INSERT);
    for (const letter of letters) insert.run(...valuesOf(letter));
    const kept = Number(database.prepare("SELECT count(*) AS letters FROM letters").get()!.letters);
    if (kept <= lettersMax) return;
    const { changes } = database.prepare("DELETE FROM letters WHERE id IN (SELECT id FROM letters ORDER BY id LIMIT ?)")
      .run(kept - lettersMax);
    database.prepare("UPDATE dropped SET letters = letters + ?").run(changes);
  });
}

/** In the order of {@link INSERT}. */
function valuesOf(letter: DeadLetter): (string | number | null)[] {
  const { topology, stage, reason, operator, topic, partition, offset, timestampMs } = letter;
  const key = shortened(letter.key, KEY_BYTES_MAX);
  const record = shortened(letter.record, RECORD_BYTES_MAX);
  const error = shortened(letter.error, ERROR_BYTES_MAX) ?? "";
  // Not a UNIQUE of the columns: for SQLite a NULL differs from every other NULL.
  const identity = JSON.stringify([topology, stage, topic, partition, offset, operator, key]);
  return [identity, topology, stage, reason, operator, error, topic, partition, offset, key, record, timestampMs];
}

function letterOf(row: Record<string, unknown>): DeadLetter {
  const { topology, stage, reason, operator, error, topic, partition, offset, key, record, timestamp_ms } = row;
  // The columns were filled by `valuesOf`.
  return {
    topology,
    stage,
    reason,
    operator,
    error,
    topic,
    partition,
    offset,
    key,
    record,
    timestampMs: timestamp_ms,
  } as DeadLetter;
}

function condition(filter: DeadLetterFilter): { where: string; values: string[] } {
  const { topology, stage, reason, operator, topic } = filter;
  const given = Object.entries({ topology, stage, reason, operator, topic })
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const where = given.length === 0 ? "" : `WHERE ${given.map(([column]) => `${column} = ?`).join(" AND ")}`;
  return { where, values: given.map(([, value]) => value) };
}

const encoder = new TextEncoder();

/** At most `bytes` of UTF-8, whole characters only. U+0000 would end a text in SQLite and becomes U+FFFD. */
function shortened(text: string | null, bytes: number): string | null {
  if (text === null) return null;
  // A UTF-16 unit takes at most three bytes.
  const length = text.length * 3 <= bytes ? text.length : encoder.encodeInto(text, new Uint8Array(bytes)).read;
  return text.slice(0, length).toWellFormed().replaceAll("\0", "\uFFFD");
}
