/** The rules that the append sink can do without, in the order of `README.md`. */
export const APPEND_RULES = [
  // One range after the other
  "announceFirst",
  "acknowledgedFirst",
  "stopAcknowledged",
  "token",
  "tokenTopicId",
  "tokenContent",
  "placeTopicId",
  // Who may
  "tenure",
  "rejectedStops",
  "advanceOrder",
  "heldAfterAssignment",
  // Until when
  "deadline",
  "executionBound",
  "tableClock",
  "window",
  "pace",
  // Where a start begins
  "rangeSettled",
  "topicIdCompared",
  "topicIdAfterRead",
  "startCommitted",
  "forgottenAsked",
  "lostTold",
  "lossAnnounced",
  // What a start does with a range that was announced
  "looked",
  "announcedAgain",
  "lookedAfterAnnouncement",
  "countAnnounced",
  "digestAnnounced",
  "partWaits",
  "otherWaits",
] as const;

/** A rule that the model can do without. */
export type AppendRule = (typeof APPEND_RULES)[number];
