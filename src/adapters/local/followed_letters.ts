import type { DatabaseSync } from "node:sqlite";
import type { DeadLetter, Resolution } from "../../ports/dead_letters.ts";
import { inTransaction, productionError } from "./sqlite.ts";
import { type Attempt, type AttemptStatements, attemptStatements, noteAttempt } from "./stored_letters.ts";

/** A try to replay a letter, as all who keep it know it. */
export interface SharedAttempt extends Pick<Attempt, "atMs" | "edit"> {
  /** Names it, everywhere. */
  readonly name: string;
  /** Of the letter. */
  readonly identity: string;
  /** Names the process that tries. */
  readonly owner: string;
}

/** One change of the letters of a topology, as a log of them tells it. */
export type LetterChange =
  | { readonly kind: "letter"; readonly letter: DeadLetter }
  | { readonly kind: "resolution"; readonly resolution: Resolution }
  | { readonly kind: "attempt"; readonly attempt: SharedAttempt }
  | {
    readonly kind: "outcome";
    readonly name: string;
    readonly outcome: Attempt["outcome"];
    readonly sentence: string;
  };

/** What was read of a log of letters. */
export interface ReadChanges {
  readonly topology: string;
  /** Of the topic: one that was made again is read from its start. */
  readonly topicId: string | null;
  /** In their order, by offset. */
  readonly changes: readonly (readonly [offset: number, change: LetterChange])[];
  /** Where reading goes on. */
  readonly next: number;
}

/** A file of letters that follows logs of them. Several processes that have the file may follow the same log. */
export interface FollowedLetters {
  /**
   * Where reading the log of a topology goes on, which has offsets from `start` to `end` now: where the file stands, or
   * at its start if nothing of this topic is in the file, or something that is not there.
   * @throws ProductionError when the file cannot be written
   */
  begin(log: Pick<ReadChanges, "topology" | "topicId"> & { readonly start: number; readonly end: number }): number;
  /**
   * Does what the log tells, but for what is in the file already, and notes how far it was read: both or neither.
   * Resolves to that position, which is greater than `next` if another process was faster.
   * @throws ProductionError when the file cannot be written
   */
  apply(read: ReadChanges): number;
  /** What the letter of this id is called, everywhere; null if there is none. */
  identityOf(id: string): string | null;
  /** Who began the first attempt of a letter that is under way since `sinceMs`; null if there is none. */
  firstOwner(identity: string, sinceMs: number): string | null;
}

export const FOLLOWED_SCHEMA: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS followed (topology TEXT PRIMARY KEY, topic_id TEXT, position INTEGER NOT NULL)",
];

/** How letters and resolutions are written into the file, in a transaction of whoever calls. */
export interface LetterWriter {
  put(letters: readonly DeadLetter[]): void;
  resolve(resolution: Resolution): void;
}

/** The letters of an open file, which follows logs. */
export function followedLetters(database: DatabaseSync, writer: LetterWriter): FollowedLetters {
  const statements = attemptStatements(database);
  const positionOf = (topology: string, topicId: string | null): number | null => {
    const row = database.prepare("SELECT position FROM followed WHERE topology = ? AND topic_id IS ?")
      .get(topology, topicId);
    return row === undefined ? null : Number(row.position);
  };
  const note = ({ topology, topicId }: Pick<ReadChanges, "topology" | "topicId">, position: number) =>
    void database.prepare("INSERT OR REPLACE INTO followed VALUES (?, ?, ?)").run(topology, topicId, position);
  return {
    begin({ topology, topicId, start, end }) {
      try {
        return inTransaction(database, () => {
          const known = positionOf(topology, topicId);
          if (known !== null && known >= start && known <= end) return known;
          note({ topology, topicId }, start);
          return start;
        });
      } catch (error) {
        throw productionError(`tell which dead letters of "${topology}" were read`, error);
      }
    },
    apply({ topology, topicId, changes, next }) {
      try {
        return inTransaction(database, () => {
          const known = positionOf(topology, topicId) ?? 0;
          if (known >= next) return known;
          const fresh = changes.flatMap(([offset, change]) => offset >= known ? [change] : []);
          for (let first = 0; first < fresh.length;) {
            // Letters together: after each call of `put` it is looked whether there are too many.
            const end = fresh.findIndex(({ kind }, index) => index >= first && kind !== "letter");
            const letters = fresh.slice(first, end < 0 ? fresh.length : end);
            if (letters.length > 0) {
              writer.put(letters.flatMap((one) => one.kind === "letter" ? [one.letter] : []));
              first += letters.length;
            } else apply(fresh[first++], { statements, writer });
          }
          note({ topology, topicId }, next);
          return next;
        });
      } catch (error) {
        throw productionError(`keep ${changes.length} changes of the dead letters of "${topology}"`, error);
      }
    },
    identityOf(id) {
      const row = database.prepare("SELECT identity FROM letters WHERE id = ?").get(Number(id));
      return row === undefined ? null : String(row.identity);
    },
    firstOwner(identity, sinceMs) {
      const row = database.prepare(
        "SELECT owner FROM attempts WHERE identity = ? AND outcome = 'begun' AND at_ms > ? ORDER BY id LIMIT 1",
      ).get(identity, sinceMs);
      return row === undefined ? null : String(row.owner);
    },
  };
}

function apply(
  change: LetterChange,
  { statements, writer }: { readonly statements: AttemptStatements; readonly writer: LetterWriter },
): void {
  switch (change.kind) {
    case "letter":
      return writer.put([change.letter]);
    case "resolution":
      return writer.resolve(change.resolution);
    case "attempt": {
      // The log may have stored it twice.
      if (statements.known.get(change.attempt.name) === undefined) noteAttempt(statements, change.attempt);
      return;
    }
    case "outcome":
      statements.end.run(change.outcome, change.sentence, change.name);
  }
}
