import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";
import type { Position } from "../../ports/log.ts";
import { condition, type DeadLetterFilter, type KeptLetter, keptLetterOf } from "./letter_filter.ts";
import { inTransaction } from "./sqlite.ts";

/** A page of letters ends when they take so much as JSON: each may have a record of 64 KiB, and many attempts. */
const PAGE_BYTES = 16 * 2 ** 20;
/** Attempts that are kept of one letter; the oldest go first. */
const ATTEMPTS_MAX = 1_000;
/** Characters of an edit that are kept. */
const EDIT_LENGTH_MAX = 65_536;
/** An attempt of another process that has not ended after so long is over: that process has died. */
export const ATTEMPT_MS_MAX = 60_000;

/** A try to replay a letter. */
export interface Attempt {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** What was to be changed, as JSON; null: nothing. */
  readonly edit: string | null;
  /** `begun`: it is under way, or the process has died before anybody knew what came of it. */
  readonly outcome: "begun" | "replayed" | "refused" | "failed";
  /** What came of it, and why; null while nobody knows. */
  readonly sentence: string | null;
}

/** A letter with its name and all that was tried with it. */
export interface StoredLetter extends KeptLetter {
  /** Names it until it is written anew with another error. */
  readonly id: string;
  /** In their order. */
  readonly attempts: readonly Attempt[];
}

/** How many open letters one topology has of a stage and reason. */
export interface LetterReason {
  readonly topology: string;
  readonly stage: string;
  readonly reason: string;
  readonly letters: number;
}

/** What a page of letters begins behind, and how many it has. */
export interface PageOptions extends DeadLetterFilter {
  /** Most letters of it. */
  readonly limit: number;
  /** Id of the last letter of the page before. */
  readonly after?: string;
}

/** Letters by name, and what was tried with them. */
export interface StoredLetters {
  /**
   * The newest first; `next`: what the next page begins behind, null if this is the last one. It ends before its limit
   * where its letters take 16 MiB as JSON.
   */
  page(options: PageOptions): { readonly letters: StoredLetter[]; readonly next: string | null };
  /** Ids of those that `page` would give first, the oldest first. */
  ids(options: Omit<PageOptions, "after">): string[];
  /** Null if there is none of this id. */
  letter(id: string): StoredLetter | null;
  /** Id of the letter about a record, the topology's own if it has one; null if there is none. */
  ofRecord(record: Position & { readonly topology: string }): string | null;
  /** How many there are. */
  count(filter: DeadLetterFilter): number;
  /** Open ones by topology, stage and reason, the most first. */
  reasons(filter?: DeadLetterFilter): LetterReason[];
  /** Operators that have open ones, in the order of their names. */
  operators(): string[];
  /**
   * Notes that these are tried now. Resolves to the attempts by letter, once they are durable; those that another
   * process tries are missing.
   * @throws ProductionError if they cannot be noted
   */
  begin(ids: readonly string[], tried: Tried): Promise<Map<string, string>>;
  /** Notes what came of attempts, all at once. @throws ProductionError if it cannot be noted */
  end(results: readonly AttemptResult[]): Promise<void>;
}

/** What is tried. */
export interface Tried {
  /** As JSON; null: the letter as it is. */
  readonly edit: string | null;
  readonly nowMs: number;
}

/** What came of an attempt. */
export interface AttemptResult {
  readonly attempt: string;
  readonly outcome: Attempt["outcome"];
  readonly sentence: string;
}

export const ATTEMPTS_SCHEMA: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    edit TEXT,
    owner TEXT NOT NULL,
    outcome TEXT NOT NULL,
    sentence TEXT
  )`,
  "CREATE INDEX IF NOT EXISTS attempts_identity ON attempts (identity)",
];

/** Who tries letters of a file. */
export interface Trier {
  /** Names the process. */
  readonly owner: string;
  /** No other process replays letters of this file while this one does: what another has begun is over. */
  readonly alone: boolean;
}

/** The letters of an open file. */
export function storedLetters(database: DatabaseSync, trier: Trier): StoredLetters {
  const attemptsOf = database.prepare("SELECT * FROM attempts WHERE identity = ? ORDER BY id");
  const ofRecord = database.prepare(
    "SELECT id FROM letters WHERE stage = 'decode' AND topic = ? AND partition = ? AND \"offset\" = ? " +
      "ORDER BY topology <> ?, id DESC LIMIT 1",
  );
  const byId = database.prepare("SELECT * FROM letters WHERE id = ?");
  const statements = attemptStatements(database);
  const withAttempts = (row: Record<string, unknown>): StoredLetter => ({
    id: String(row.id),
    ...keptLetterOf(row),
    attempts: attemptsOf.all(String(row.identity)).map(attemptOf),
  });
  return {
    page({ limit, after, ...filter }) {
      const { where, values } = condition(filter);
      const behind = after === undefined ? "" : `${where === "" ? "WHERE" : "AND"} id < ?`;
      const rows = database.prepare(`SELECT * FROM letters ${where} ${behind} ORDER BY id DESC`)
        .iterate(...values, ...after === undefined ? [] : [numberOf(after)]);
      return pageOf(rows.map(withAttempts), limit);
    },
    ids({ limit, ...filter }) {
      const { where, values } = condition(filter);
      return database.prepare(`SELECT id FROM letters ${where} ORDER BY id DESC LIMIT ?`).all(...values, limit)
        .map(({ id }) => String(id)).reverse();
    },
    letter(id) {
      const row = byId.get(numberOf(id));
      return row === undefined ? null : withAttempts(row);
    },
    ofRecord({ topology, topic, partition, offset }) {
      const row = ofRecord.get(topic, partition, offset, topology);
      return row === undefined ? null : String(row.id);
    },
    ...countedLetters(database),
    // deno-lint-ignore require-await -- what it throws is a rejection
    async begin(ids, { edit, nowMs }) {
      const begun = new Map<string, string>();
      inTransaction(database, () => {
        for (const id of ids) {
          const attempt = beginOne(statements, { id, edit, nowMs, ...trier });
          if (attempt !== null) begun.set(id, String(attempt));
        }
      });
      return begun;
    },
    // deno-lint-ignore require-await -- what it throws is a rejection
    async end(results) {
      const ended = database.prepare("UPDATE attempts SET outcome = ?, sentence = ? WHERE id = ?");
      inTransaction(database, () => {
        for (const { attempt, outcome, sentence } of results) ended.run(outcome, sentence, Number(attempt));
      });
    },
  };
}

function countedLetters(database: DatabaseSync): Pick<StoredLetters, "count" | "reasons" | "operators"> {
  return {
    count(filter) {
      const { where, values } = condition(filter);
      return Number(database.prepare(`SELECT count(*) AS letters FROM letters ${where}`).get(...values)!.letters);
    },
    reasons(filter = {}) {
      const { where, values } = condition({ ...filter, state: "open" });
      return database.prepare(
        `SELECT topology, stage, reason, count(*) AS letters FROM letters ${where} ` +
          "GROUP BY topology, stage, reason ORDER BY letters DESC, topology, stage, reason",
      ).all(...values).map(({ topology, stage, reason, letters }) => ({
        topology: String(topology),
        stage: String(stage),
        reason: String(reason),
        letters: Number(letters),
      }));
    },
    operators: () =>
      database.prepare("SELECT DISTINCT operator FROM letters WHERE resolved_ms IS NULL ORDER BY operator").all()
        .map(({ operator }) => String(operator)),
  };
}

/** As many of the letters as are told at once. */
function pageOf(letters: Iterable<StoredLetter>, limit: number): { letters: StoredLetter[]; next: string | null } {
  const page: StoredLetter[] = [];
  let bytes = 0;
  for (const letter of letters) {
    bytes += Buffer.byteLength(JSON.stringify(letter));
    if (page.length === limit || (page.length > 0 && bytes > PAGE_BYTES)) {
      return { letters: page, next: page.at(-1)!.id };
    }
    page.push(letter);
  }
  return { letters: page, next: null };
}

/** The attempts of letters that were dropped go with them. */
export function dropAttempts(database: DatabaseSync): void {
  database.prepare("DELETE FROM attempts WHERE identity NOT IN (SELECT identity FROM letters)").run();
}

/** What attempts are noted with, prepared once. */
export function attemptStatements(database: DatabaseSync) {
  return {
    identity: database.prepare("SELECT identity FROM letters WHERE id = ?"),
    another: database.prepare(
      "SELECT 1 FROM attempts WHERE identity = ? AND outcome = 'begun' AND owner <> ? AND at_ms > ?",
    ),
    insert: database.prepare(
      "INSERT INTO attempts (identity, at_ms, edit, owner, outcome, name) VALUES (?, ?, ?, ?, 'begun', ?)",
    ),
    surplus: database.prepare(
      "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE identity = ? ORDER BY id DESC " +
        `LIMIT -1 OFFSET ${ATTEMPTS_MAX})`,
    ),
    known: database.prepare("SELECT 1 FROM attempts WHERE name = ?"),
    end: database.prepare("UPDATE attempts SET outcome = ?, sentence = ? WHERE name = ?"),
  };
}

export type AttemptStatements = ReturnType<typeof attemptStatements>;

function beginOne(
  statements: AttemptStatements,
  { id, edit, nowMs, owner, alone }: Trier & {
    readonly id: string;
    readonly edit: string | null;
    readonly nowMs: number;
  },
): number | null {
  const letter = statements.identity.get(numberOf(id));
  if (letter === undefined) return null;
  const identity = String(letter.identity);
  const other = statements.another.get(identity, owner, nowMs - ATTEMPT_MS_MAX);
  if (other !== undefined && !alone) return null;
  return noteAttempt(statements, { identity, atMs: nowMs, edit: keptEdit(edit), owner, name: null });
}

/** As much of an edit as is kept. */
export function keptEdit(edit: string | null): string | null {
  return edit?.slice(0, EDIT_LENGTH_MAX) ?? null;
}

/** Notes that a letter is tried now. Returns the number of the attempt in this file. */
export function noteAttempt(
  { insert, surplus }: AttemptStatements,
  { identity, atMs, edit, owner, name }: Pick<Attempt, "atMs" | "edit"> & {
    readonly identity: string;
    readonly owner: string;
    /** Null: it is known in this file alone. */
    readonly name: string | null;
  },
): number {
  const { lastInsertRowid } = insert.run(identity, atMs, edit, owner, name);
  surplus.run(identity);
  return Number(lastInsertRowid);
}

function attemptOf({ at_ms, edit, outcome, sentence }: Record<string, unknown>): Attempt {
  // The columns were filled by `begin` and `end`.
  return { atMs: Number(at_ms), edit, outcome, sentence } as Attempt;
}

/** No letter has number -1. */
function numberOf(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : -1;
}
