import type { EmbeddedDeadLetters } from "../local/dead_letters.ts";
import type { LetterChange } from "../local/followed_letters.ts";
import { boundedLetter } from "../local/letter_schema.ts";
import type { StoredLetters } from "../local/stored_letters.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DeadLetter, DeadLetters, LetterSubject, OpenLetters, Resolution } from "../../ports/dead_letters.ts";
import type { Log, NewRecord } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { encodeChange, lettersTopic } from "./letter_record.ts";
import { LetterFollower } from "./letter_follower.ts";
import { sharedAttempts, type TopologyChange } from "./shared_attempts.ts";

/** Bytes and UTF-16 units of one append. */
const APPEND_LENGTH = 512 * 1024;
/** So much of a record is kept where the topic does not take the letter with all that a file keeps of it. */
const SHORT_RECORD_BYTES = 1_024;
/** Letters outlast the causes that people take long to mend; what is older only files know. 90 days. */
const RETENTION_MS = 90 * 24 * 3_600_000;

/** What letters in topics need. */
export interface TopicLettersOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Holds what was read of the topics. Closed with the letters. */
  readonly file: EmbeddedDeadLetters;
  /** Topics cannot be read or written, and why; or (null) they can be again. */
  readonly onProblem: (problem: string | null) => void;
}

/** Dead letters that are kept in topics, as one instance has them. */
export interface TopicLetters extends DeadLetters {
  readonly stored: StoredLetters;
  close(): Promise<void>;
}

/**
 * Dead letters in a topic of each topology, which all its instances write and read: what a letter is, that it is
 * resolved, and what was tried with it are records in one order, so all of them know the same of it. What was read is
 * in the file of each instance, which answers; several may share one. A call resolves when the topic has what it writes
 * and the file has read it.
 */
export function openTopicLetters({ log, clock, file, onProblem }: TopicLettersOptions): TopicLetters {
  const follower = new LetterFollower({ log, clock, file: file.followed, onProblem });
  const made = new Set<string>();

  /** The topology's topic is there, and what it held was read. */
  const following = async (topology: string) => {
    if (!made.has(topology)) {
      const name = lettersTopic(topology);
      await log.createTopic({ name, partitions: 1, cleanup: "delete", retentionMs: RETENTION_MS });
      made.add(topology);
    }
    await follower.follow(topology);
  };
  const tell = async (topology: string, changes: readonly LetterChange[]) => {
    await following(topology);
    const end = await append(log, { topic: lettersTopic(topology), changes });
    await follower.reached(topology, end);
  };
  /** By topology, in the order given. */
  const tellAll = async (changes: readonly TopologyChange[]) => {
    for (const [topology, group] of Map.groupBy(changes, ([topology]) => topology)) {
      await tell(topology, group.map(([, change]) => change));
    }
  };
  return {
    put: (letters: readonly DeadLetter[]) =>
      tellAll(letters.map((letter) => [letter.topology, { kind: "letter", letter: boundedLetter(letter) }])),
    resolve: (resolutions: readonly Resolution[]) =>
      tellAll(resolutions.map((resolution) => [resolution.topology, { kind: "resolution", resolution }])),
    async open(topology: string): Promise<readonly OpenLetters[]> {
      await following(topology);
      return await file.open(topology);
    },
    async about(thing: LetterSubject): Promise<readonly DeadLetter[]> {
      await following(thing.topology);
      return await file.about(thing);
    },
    stored: { ...file.stored, ...sharedAttempts({ file, tell: tellAll }) },
    async close() {
      await follower.close();
      file.close();
    },
  };
}

/** Appends changes in their order. Resolves to where they end. */
async function append(
  log: Log,
  { topic, changes }: { readonly topic: string; readonly changes: readonly LetterChange[] },
): Promise<number> {
  let end = 0;
  for (const part of partsOf(changes)) {
    try {
      end = await appendRecords(log, { topic, records: part.map(encodeChange) });
    } catch (error) {
      if (!(error instanceof ProductionError && error.reason === "too_large")) throw error;
      // Its limit was set by somebody: a letter goes with less of its record, which says that it was cut.
      for (const change of part) end = await appendRecords(log, { topic, records: [encodeChange(shortened(change))] });
    }
  }
  return end;
}

async function appendRecords(
  log: Log,
  { topic, records }: { readonly topic: string; readonly records: readonly NewRecord[] },
): Promise<number> {
  const [first] = await log.append([{ topic, partition: 0, records }]);
  return first + records.length;
}

function shortened(change: LetterChange): LetterChange {
  if (change.kind !== "letter") return change;
  return { ...change, letter: boundedLetter(change.letter, { recordBytesMax: SHORT_RECORD_BYTES }) };
}

function* partsOf(changes: readonly LetterChange[]): Generator<readonly LetterChange[]> {
  let part: LetterChange[] = [];
  let length = 0;
  for (const change of changes) {
    const own = JSON.stringify(change).length;
    if (part.length > 0 && length + own > APPEND_LENGTH) {
      yield part;
      part = [];
      length = 0;
    }
    part.push(change);
    length += own;
  }
  if (part.length > 0) yield part;
}
