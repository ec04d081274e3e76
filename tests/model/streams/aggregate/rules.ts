/** The rules that the aggregate can do without, in the order of `README.md`. */
export const AGGREGATE_RULES = [
  // The repartition topic
  "origin",
  "originTopicId",
  "sendOrder",
  "committedAfterSent",
  // The changelog
  "originsKept",
  "positionLast",
  "groupPosition",
  "greatestPosition",
  "idempotent",
  "ownKeys",
  "loadToEnd",
  "purgedBehind",
  "loadedAgain",
  // What former owners have left in it
  "fenced",
  "readBefore",
  "begunAgain",
  "behindMarker",
  "copiedFirst",
  "greatestCopied",
  "keptCounts",
  "goneCopied",
  "copyKeys",
  "olderOwnersOnly",
  // The changelog, if owners share its keys
  "answers",
  "compactionLag",
  // What is shown
  "sinkPosition",
  "shownAgain",
] as const;

/** A rule that the model can do without. */
export type AggregateRule = (typeof AGGREGATE_RULES)[number];
