import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { openTopicLetters, type TopicLetters } from "../../../src/adapters/topic_letters/topic_letters.ts";
import type { Log } from "../../../src/ports/log.ts";
import { systemClock } from "../../../src/adapters/local/system_clock.ts";

/** One instance: its file, and its letters in the topics of a log. */
export interface LetterInstance extends TopicLetters {
  readonly problems: (string | null)[];
  /** Of each letter of a topology that its file has, the oldest first: its offset, whether it is open, its error. */
  all(topology: string): (readonly [offset: number | null, open: boolean, error: string])[];
}

/** `path`: the file of the instance; none is kept if it is absent. */
export function letterInstance(log: Log, path = ":memory:"): LetterInstance {
  const file = openEmbeddedDeadLetters({ path });
  const problems: (string | null)[] = [];
  // In real time: what is appended is read in real turns of the event loop.
  const letters = openTopicLetters({ log, clock: systemClock, file, onProblem: (problem) => problems.push(problem) });
  return {
    ...letters,
    problems,
    all: (topology) =>
      file.list({ topology, limit: 10_000 }).reverse().map(({ offset, resolvedMs, error }) => [
        offset,
        resolvedMs === null,
        error,
      ]),
  };
}
