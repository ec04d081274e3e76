import type { DatabaseSync } from "node:sqlite";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import { inTransaction } from "./sqlite.ts";

const KEY_BYTES_MAX = 1_024;
const RECORD_BYTES_MAX = 65_536;
const ERROR_BYTES_MAX = 4_096;
const STACK_BYTES_MAX = 4_096;

/** The tables as the first version made them; {@link prepareLetters} adds what came later. */
export const SCHEMA: readonly string[] = [
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

/**
 * Columns that later versions added, all of which may be empty: so an earlier version goes on writing into the same
 * file, and letters that it wrote can be read.
 */
const ADDED: Readonly<Record<string, string>> = {
  task: "TEXT",
  epoch: "INTEGER",
  subject: "TEXT",
  occasion: "TEXT",
  stack: "TEXT",
  resolved_ms: "INTEGER",
  resolution: "TEXT",
};

/** Adds what the file of an earlier version lacks. */
export function prepareLetters(database: DatabaseSync): void {
  prepareAttempts(database);
  if (missingOf(database).length === 0) return;
  inTransaction(database, () => {
    // Another process may have been faster.
    for (const name of missingOf(database)) {
      database.prepare(`ALTER TABLE letters ADD COLUMN ${name} ${ADDED[name]}`).run();
    }
    database.prepare("CREATE INDEX IF NOT EXISTS letters_subject ON letters (topology, task, subject)").run();
    database.prepare("CREATE INDEX IF NOT EXISTS letters_open ON letters (topology, resolved_ms)").run();
    database.prepare("CREATE INDEX IF NOT EXISTS letters_resolved ON letters (resolved_ms)").run();
  });
}

function prepareAttempts(database: DatabaseSync): void {
  if (columnsOf(database, "attempts").has("name")) return;
  inTransaction(database, () => {
    if (columnsOf(database, "attempts").has("name")) return;
    database.prepare("ALTER TABLE attempts ADD COLUMN name TEXT").run();
    database.prepare("CREATE INDEX IF NOT EXISTS attempts_name ON attempts (name)").run();
  });
}

function missingOf(database: DatabaseSync): string[] {
  const found = columnsOf(database, "letters");
  return Object.keys(ADDED).filter((name) => !found.has(name));
}

function columnsOf(database: DatabaseSync, table: string): Set<unknown> {
  return new Set(database.prepare("SELECT name FROM pragma_table_info(?)").all(table).map(({ name }) => name));
}

/** A letter as it is written, in the order of the columns of the INSERT. */
export interface LetterValues extends Record<string, string | number | null> {
  readonly identity: string;
  readonly error: string;
  readonly record: string | null;
  readonly epoch: number;
}

/**
 * The letter as it is kept: no text of it is longer than a file, or a message, takes. `recordBytesMax`: fewer bytes of
 * its record.
 */
export function boundedLetter(
  letter: DeadLetter,
  { recordBytesMax = RECORD_BYTES_MAX }: { readonly recordBytesMax?: number } = {},
): DeadLetter {
  return {
    ...letter,
    error: shortened(letter.error, ERROR_BYTES_MAX) ?? "",
    key: shortened(letter.key, KEY_BYTES_MAX),
    record: shortened(letter.record, recordBytesMax),
    stack: shortened(letter.stack, STACK_BYTES_MAX),
  };
}

/** What is written of a letter. */
export function valuesOf(given: DeadLetter): LetterValues {
  const letter = boundedLetter(given);
  const { topology, stage, reason, operator, topic, partition, offset, timestampMs } = letter;
  const { task, epoch, subject, occasion } = letter;
  const { key } = letter;
  // Not a UNIQUE of the columns: for SQLite a NULL differs from every other NULL.
  const place = stage === "decode" ? [topic, partition, offset] : [null, null, null];
  const identity = JSON.stringify([topology, stage, ...place, operator, subject ?? key, task]);
  return {
    identity,
    topology,
    stage,
    reason,
    operator,
    error: letter.error,
    topic,
    partition,
    offset,
    key,
    record: letter.record,
    timestamp_ms: timestampMs,
    task,
    epoch,
    subject,
    occasion,
    stack: letter.stack,
  };
}

/** A row of the table as a letter. */
export function letterOf(row: Record<string, unknown>): DeadLetter {
  const { topology, stage, reason, operator, error, topic, partition, offset, key, record } = row;
  const { timestamp_ms, task, epoch, subject, occasion, stack } = row;
  // The columns were filled by `valuesOf`, or by an earlier version, which left the later ones empty.
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
    task,
    epoch: epoch ?? 0,
    subject,
    occasion,
    stack,
  } as DeadLetter;
}

const encoder = new TextEncoder();

/**
 * At most `bytes` of UTF-8, whole characters only; a text that is cut says so at its end. U+0000 would end a text in
 * SQLite and becomes U+FFFD.
 */
function shortened(text: string | null, bytes: number): string | null {
  if (text === null) return null;
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 <= bytes || encoder.encodeInto(text, new Uint8Array(bytes)).read === text.length) {
    return plain(text);
  }
  const mark = `... [cut: at most ${bytes} bytes are kept]`;
  const { read } = encoder.encodeInto(text, new Uint8Array(bytes - mark.length));
  return plain(text.slice(0, read)) + mark;
}

function plain(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
