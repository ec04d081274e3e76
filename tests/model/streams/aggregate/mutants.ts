import type { AggregateRule } from "./rules.ts";
import type { AggregateWorldKind } from "./world.ts";

/** A deliberate bug: rules that are taken away. */
interface AggregateMutant {
  readonly without: readonly AggregateRule[];
  /** In which it is noticed; "all faults" if not given. */
  readonly world?: AggregateWorldKind;
  /** What goes wrong. */
  readonly effect: string;
}

/** Each must be noticed. */
export const AGGREGATE_MUTANTS: readonly AggregateMutant[] = [
  { without: ["origin"], effect: "records that were sent again count again" },
  { without: ["originTopicId"], effect: "the first records of a new topic are taken for those of the old one" },
  { without: ["sendOrder"], effect: "a record that comes after a later one is taken for a repeated one" },
  { without: ["committedAfterSent"], effect: "records that were read and not sent are passed over" },
  { without: ["originsKept"], effect: "after a start records that come again count again" },
  { without: ["positionLast"], effect: "the position says that groups are durable which are not" },
  { without: ["groupPosition"], effect: "records count again in groups that became durable without the position" },
  { without: ["greatestPosition"], effect: "what a former owner wrote late is taken for the last" },
  { without: ["idempotent"], effect: "a batch that comes again hides later ones of the same owner" },
  { without: ["ownKeys"], effect: "what a former owner writes late hides what is newer, and compaction removes that" },
  { without: ["logDeadline"], world: "two owners", effect: "keys are deleted while their owner goes on writing" },
  { without: ["deadOwnersOnly"], world: "two owners", effect: "the same" },
  { without: ["olderOwnersOnly"], world: "two owners", effect: "a former owner deletes what its successor wrote" },
  { without: ["loadToEnd"], effect: "a record was compacted away for one that is not read" },
  { without: ["purgedBehind"], effect: "records are gone that are not durable yet" },
  { without: ["loadedAgain"], effect: "records that another owner has counted and purged are passed over" },
  { without: ["answers"], world: "shared keys", effect: "a group whose record is hidden is compacted away" },
  { without: ["compactionLag"], world: "shared keys", effect: "it is compacted away before it is answered" },
  { without: ["sinkPosition"], effect: "what a former owner shows late stays" },
  { without: ["shownAgain"], effect: "what became durable and was not shown is never shown" },
];
