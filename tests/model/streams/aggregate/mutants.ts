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
  { without: ["loadToEnd"], effect: "a record was compacted away for one that is not read" },
  { without: ["purgedBehind"], effect: "records are gone that are not durable yet" },
  { without: ["loadedAgain"], effect: "records that another owner has counted and purged are passed over" },
  { without: ["fenced"], effect: "keys are deleted while their owner goes on writing" },
  { without: ["readBefore"], world: "two owners", effect: "a later start is behind what is read first" },
  { without: ["begunAgain"], world: "two owners", effect: "a later start stood in what was purged" },
  { without: ["behindMarker"], effect: "keys are deleted whose owner may have been further" },
  { without: ["copiedFirst"], effect: "after a crash nothing is left of what was deleted" },
  { without: ["greatestCopied"], effect: "a lesser fact is copied, and the greatest one is deleted" },
  { without: ["keptCounts"], effect: "the copy is deleted for the sake of which the fact was deleted" },
  { without: ["goneCopied"], effect: "what a former owner writes late is there again" },
  { without: ["copyKeys"], effect: "a copy hides what is newer under the same key" },
  { without: ["olderOwnersOnly"], effect: "a former owner deletes what its successor wrote" },
  { without: ["answers"], world: "shared keys", effect: "a group whose record is hidden is compacted away" },
  { without: ["compactionLag"], world: "shared keys", effect: "it is compacted away before it is answered" },
  { without: ["sinkPosition"], effect: "what a former owner shows late stays" },
  { without: ["shownAgain"], effect: "what became durable and was not shown is never shown" },
];
