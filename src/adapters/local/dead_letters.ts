// deno-lint-ignore-file require-await -- methods of the port are async so that what they throw is a rejection
import type { DatabaseSync } from "node:sqlite";
import type { DeadLetter, DeadLetters, Resolution } from "../../ports/dead_letters.ts";
import { condition, type DeadLetterFilter, type KeptLetter, keptLetterOf } from "./letter_filter.ts";
import { letterOf, type LetterValues, prepareLetters, SCHEMA, valuesOf } from "./letter_schema.ts";
import { FOLLOWED_SCHEMA, type FollowedLetters, followedLetters } from "./followed_letters.ts";
import { inTransaction, openDatabase, productionError } from "./sqlite.ts";
import { ATTEMPTS_SCHEMA, dropAttempts, type StoredLetters, storedLetters } from "./stored_letters.ts";

export type { KeptLetter } from "./letter_filter.ts";

/** Letters kept if nothing else is said; the oldest go first, resolved ones before open ones. */
export const DEAD_LETTERS_MAX = 100_000;

/** Letters that `list` gives back if nothing else is said. */
export const DEAD_LETTERS_LISTED = 100;

/** Letters about one thing that are told: of each of its operators there is one at most. */
const ABOUT_MAX = 100;

/** Where dead letters are kept, and how many. */
export interface EmbeddedDeadLettersOptions {
  /** A file, created if missing; several processes may have it open. `:memory:` for tests. */
  readonly path: string;
  /** {@link DEAD_LETTERS_MAX} if absent. */
  readonly lettersMax?: number;
  /** No other process replays letters of the file while this one has it; false if absent. */
  readonly alone?: boolean;
}

/** Which letters to list, and how many. */
export interface ListDeadLetters extends DeadLetterFilter {
  /** {@link DEAD_LETTERS_LISTED} if absent. */
  readonly limit?: number;
}

/** Dead letters in a file of their own. */
export interface EmbeddedDeadLetters extends DeadLetters {
  /** By name, with what was tried. */
  readonly stored: StoredLetters;
  /** As the file follows logs of letters. */
  readonly followed: FollowedLetters;
  /** Newest first. */
  list(options?: ListDeadLetters): KeptLetter[];
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

const INSERT = `
  INSERT INTO letters (identity, topology, stage, reason, operator, error, topic, partition, "offset", key, record,
    timestamp_ms, task, epoch, subject, occasion, stack)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const RESOLVE = "UPDATE letters SET resolved_ms = ?, resolution = ? WHERE topology = ? AND resolved_ms IS NULL";

/** What is done to one letter after the other, prepared once. */
function statementsOf(database: DatabaseSync) {
  return {
    find: database.prepare("SELECT id, error, record, epoch, resolved_ms FROM letters WHERE identity = ?"),
    again: database.prepare("UPDATE letters SET epoch = ? WHERE id = ?"),
    drop: database.prepare("DELETE FROM letters WHERE id = ?"),
    insert: database.prepare(INSERT),
    count: database.prepare("SELECT count(*) AS letters FROM letters"),
    mend: database.prepare(
      `${RESOLVE} AND task = ? AND subject = ? AND stage = ? AND operator = ? AND epoch <= ? ` +
        'AND (? IS NULL OR "offset" <= ?)',
    ),
  };
}

type Statements = ReturnType<typeof statementsOf>;

/**
 * Opens the dead letters. When there are more than `lettersMax`, the oldest are dropped and counted (one that comes
 * again after that is kept again).
 * @throws ConfigError when the file cannot be opened
 */
export function openEmbeddedDeadLetters(options: EmbeddedDeadLettersOptions): EmbeddedDeadLetters {
  const { path, lettersMax = DEAD_LETTERS_MAX, alone = false } = options;
  const database = openDatabase({
    path,
    schema: [...SCHEMA, ...ATTEMPTS_SCHEMA, ...FOLLOWED_SCHEMA],
    pragmas: PRAGMAS,
    version: VERSION,
    lockWaitMs: LOCK_WAIT_MS,
  });
  prepareLetters(database);
  const statements = statementsOf(database);
  const stored = storedLetters(database, { owner: crypto.randomUUID(), alone });
  const put = (letters: readonly DeadLetter[]) => putAll(database, letters, { lettersMax, statements });
  const resolveOne = (resolution: Resolution) => resolve(database, resolution, { statements });
  return {
    stored,
    followed: followedLetters(database, { put, resolve: resolveOne }),
    async put(letters) {
      try {
        if (letters.length > 0) inTransaction(database, () => put(letters));
      } catch (error) {
        throw productionError(`keep ${letters.length} dead letters`, error);
      }
    },
    async resolve(resolutions) {
      try {
        inTransaction(database, () => {
          for (const resolution of resolutions) resolveOne(resolution);
        });
      } catch (error) {
        throw productionError(`mark dead letters as resolved`, error);
      }
    },
    async open(topology) {
      try {
        return database.prepare(
          "SELECT stage, reason, count(*) AS letters FROM letters WHERE topology = ? AND resolved_ms IS NULL " +
            "GROUP BY stage, reason",
        ).all(topology).map(({ stage, reason, letters }) => ({
          // The columns were filled by `put`.
          stage: stage as DeadLetter["stage"],
          reason: String(reason),
          letters: Number(letters),
        }));
      } catch (error) {
        throw productionError(`count the dead letters of "${topology}"`, error);
      }
    },
    async about({ topology, tasks, subject }) {
      const places = tasks.map(() => "?").join(", ");
      try {
        return database.prepare(
          `SELECT * FROM letters WHERE topology = ? AND task IN (${places}) AND subject = ? AND resolved_ms IS NULL ` +
            `ORDER BY id DESC LIMIT ${ABOUT_MAX}`,
        ).all(topology, ...tasks, subject).map(letterOf);
      } catch (error) {
        throw productionError(`find the dead letters of ${subject}`, error);
      }
    },
    list({ limit = DEAD_LETTERS_LISTED, ...filter } = {}) {
      const { where, values } = condition(filter);
      return database.prepare(`SELECT * FROM letters ${where} ORDER BY id DESC LIMIT ?`).all(...values, limit)
        .map(keptLetterOf);
    },
    count: (filter = {}) => stored.count(filter),
    dropped: () => Number(database.prepare("SELECT letters FROM dropped").get()!.letters),
    close: () => database.close(),
  };
}

function putAll(
  database: DatabaseSync,
  letters: readonly DeadLetter[],
  { lettersMax, statements }: { readonly lettersMax: number; readonly statements: Statements },
): void {
  for (const letter of letters) putOne(statements, valuesOf(letter));
  let surplus = Number(statements.count.get()!.letters) - lettersMax;
  if (surplus <= 0) return;
  for (const oldest of ["WHERE resolved_ms IS NOT NULL ORDER BY resolved_ms", "ORDER BY id"]) {
    if (surplus <= 0) break;
    const { changes } = database.prepare(
      `DELETE FROM letters WHERE id IN (SELECT id FROM letters ${oldest} LIMIT ?)`,
    ).run(surplus);
    surplus -= Number(changes);
    database.prepare("UPDATE dropped SET letters = letters + ?").run(changes);
  }
  dropAttempts(database);
}

function putOne({ find, again, drop, insert }: Statements, values: LetterValues): void {
  const { identity, error, record, epoch } = values;
  const kept = find.get(identity);
  if (kept !== undefined) {
    if (Number(kept.epoch ?? 0) > epoch) return;
    if (kept.resolved_ms === null && kept.error === error && kept.record === record) {
      again.run(epoch, kept.id);
      return;
    }
    drop.run(kept.id);
  }
  insert.run(...Object.values(values));
}

function resolve(
  database: DatabaseSync,
  resolution: Resolution,
  { statements }: { readonly statements: Statements },
): void {
  const { topology, why, timestampMs } = resolution;
  const resolved = [timestampMs, why, topology];
  switch (resolution.kind) {
    case "subject": {
      const { task, epoch, stage, operator, subject, upTo = null } = resolution;
      statements.mend.run(...resolved, task, subject, stage, operator, epoch, upTo, upTo);
      return;
    }
    case "start": {
      const { task, epoch, unread } = resolution;
      const read = unread.map(() => "AND NOT (stage = 'decode' AND topic = ? AND partition = ? AND offset < ?)");
      const places = unread.flatMap(({ topic, partition, offset }) => [topic, partition, offset]);
      database.prepare(`${RESOLVE} AND task = ? AND epoch < ? ${read.join(" ")}`)
        .run(...resolved, task, epoch, ...places);
      return;
    }
    case "gone": {
      const places = resolution.tasks.map(() => "?").join(", ");
      database.prepare(`${RESOLVE} AND (task IS NULL OR task NOT IN (${places}))`).run(
        ...resolved,
        ...resolution.tasks,
      );
    }
  }
}
