import type { TellingLimits } from "../../src/oracle/oracle.ts";
import type { RunOptions } from "../../src/runtime/options.ts";
import type { Choices } from "./choices.ts";

/** Rows that are too large to be told: for Weir's own limit, or for that of the log, which is lower. */
export type LargeRows = "none" | "for weir" | "for the log";

/**
 * What a seed has beside what all have. Decided by the seed's number and not drawn, so that the others run as if it did
 * not exist.
 */
export interface Profile {
  /** ClickHouse refuses some rows for their content. */
  readonly refusedRows: boolean;
  readonly large: LargeRows;
  /** Some values and totals do not fit their columns. */
  readonly narrow: boolean;
  /** Runners fail and are begun anew in the same process, as `start` does it. */
  readonly failures: boolean;
  /** Partitions cannot be read for a while. */
  readonly damage: boolean;
  /** Tasks begin with snapshots, which may be old, damaged or another's. */
  readonly snapshots: boolean;
  /** What a start has not evaluated is not evaluated behind it, either: so the start alone must be right. */
  readonly startsAlone: boolean;
  /** While nobody runs, a leader is elected that lacks the last records of a source, and others come in their place. */
  readonly elections: boolean;
  /** While nobody runs, rows are lost in ClickHouse. */
  readonly lostRows: boolean;
  /** When programs are compiled: at once, soon, or never, as there are not so many rows. */
  readonly compileAfterRows: number;
  /** Each process runs a second topology, which uses the same global tables. */
  readonly twins: boolean;
  /** Orders grow old. */
  readonly expires: boolean;
  /** Processes keep the rows of others' tasks. */
  readonly standbys: boolean;
  /** The topology has a stream, whose events go into an append table. */
  readonly events: boolean;
  /** The stream's events are counted, too, by groups and windows. */
  readonly stages: boolean;
  /** What a stage writes at once is cut into several batches, of which the last ones may be lost. */
  readonly parts: boolean;
  /** Events are written to topics in transactions, too. */
  readonly once: boolean;
  /** What earlier starts left in changelogs is deleted, however little it is. */
  readonly cleans: boolean;
  /** Orders are divided, and lines are under other keys, which some of them have in common. */
  readonly keys: boolean;
  /** Tables are written to topics, too. */
  readonly topics: boolean;
  /** Records of sources cannot be read, or say what is wrong, until somebody corrects them. */
  readonly corrections: boolean;
  /** Changes of tables are streams. */
  readonly changes: boolean;
  /** Some sources are topics of plain JSON. */
  readonly json: boolean;
}

/** What this seed has. Each may be left out when the run is repeated. */
export function profileOf(seed: number, choices: Choices): Profile {
  const large = (["none", "for weir", "for the log", "none", "none"] as const)[seed % 5];
  const events = choices.setting("events", seed % 3 !== 1, false);
  const stages = choices.setting("stages", events && seed % 4 < 2, false);
  return {
    events,
    stages,
    once: choices.setting("once", events && seed % 7 < 3, false),
    parts: choices.setting("parts", stages && large === "none" && seed % 7 < 4, false),
    cleans: choices.setting("cleans", stages && seed % 5 !== 4, false),
    refusedRows: choices.setting("refused-rows", seed % 4 === 3, false),
    large: choices.setting<LargeRows>("large-rows", large, "none"),
    narrow: choices.setting("narrow-columns", seed % 3 === 1, false),
    failures: choices.setting("failures", seed % 3 === 2, false),
    damage: choices.setting("damage", seed % 2 === 0, false),
    snapshots: choices.setting("snapshots", seed % 7 !== 0, false),
    startsAlone: choices.setting("starts-alone", seed % 3 !== 0, false),
    elections: choices.setting("elections", seed % 4 === 1, false),
    lostRows: choices.setting("lost-rows", seed % 5 === 1, false),
    compileAfterRows: choices.setting("compile-after-rows", [0, 3, 1e9][seed % 13 % 3], 1e9),
    twins: choices.setting("twins", seed % 11 < 4, false),
    expires: choices.setting("expires", seed % 17 % 3 === 2, false),
    standbys: choices.setting("standbys", seed % 5 < 2, false),
    keys: choices.setting("keys", seed % 19 % 3 === 1, false),
    topics: choices.setting("topics", seed % 23 % 3 === 2, false),
    corrections: choices.setting("corrections", seed % 29 % 4 === 3, false),
    json: choices.setting("json-tables", seed % 31 % 3 === 1, false),
    // Rows that are too large to be told are another story.
    changes: choices.setting("changes", events && large === "none" && seed % 29 % 3 === 0, false),
  };
}

/** Lengths of long texts: a row is longer than all limits below, a share only than that of a share. */
export const SIZES = { share: 100, row: 800 } as const;
/** Bytes of a record that are not for messages. */
const ENVELOPE_BYTES = 4_096;
/** More than any row that is not large, and so little that an eighth of it holds few changes of a stage. */
const PARTED_MESSAGE = 1_500;
/** Longest record that a log takes which takes less than Weir thinks. */
export const RECORD_LENGTH_MAX = 700;

/** What tasks can tell each other, for the judge. */
export function tellingLimits({ large }: Profile): TellingLimits {
  switch (large) {
    case "none":
      return {};
    case "for weir":
      return { row: 400, key: 400, share: 80 };
    case "for the log":
      return { row: RECORD_LENGTH_MAX };
  }
}

/**
 * The profile as run options. Of large rows it says what {@link tellingLimits} says: a share has a part of the message
 * for each of its two totals, its key and its columns.
 */
export function profileOptions(profile: Profile): Partial<RunOptions> {
  const { large, snapshots, standbys, compileAfterRows, cleans, parts } = profile;
  return {
    ...{ snapshotEveryMs: snapshots ? 3_000 : 0, standbys: standbys ? 1 : 0, compileAfterRows },
    ...large === "for weir" ? { messageBytesMax: ENVELOPE_BYTES + 400 } : {},
    ...parts ? { messageBytesMax: ENVELOPE_BYTES + PARTED_MESSAGE } : {},
    ...cleans ? CLEANS : { staleRecordsMin: 1e9 },
  };
}

/** As soon and as often as it may be, and fast. */
const CLEANS = { staleRecordsMin: 1, staleShareMin: 0, cleanAfterMs: 10, cleanRecordsPerSecond: 1_000 };
