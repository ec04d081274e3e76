/** The rules that the model can do without, in the order of `README.md`. */
export const RULES = [
  // The conversation of tasks
  "inboxFromHello",
  "selfHello",
  "lowerEpochDropped",
  "inboxOrder",
  "serverHello",
  "subscribeAgain",
  "unknownIsNotAbsent",
  "loadBeforeEvaluation",
  "completeBeforeShares",
  "repair",
  // Whether a snapshot is read
  "checksum",
  "format",
  "taskIdentity",
  "topicId",
  "generation",
  "sourceHash",
  "programHash",
  "position",
  "leaderEpoch",
  "retention",
  // How it is written
  "publishAfterAcknowledgement",
  "supersededWaits",
  "syncBeforeRename",
  "ownTemporaryFile",
  "pendingKept",
  "formerRowsKept",
  // What it is compared with
  "aggregate",
  "aggregateUpToWatermark",
  "aggregateChecksRows",
  "newerOverlaid",
  "overlayEvaluated",
  "failedEvaluated",
  "heldEvaluated",
  "globalsCompared",
  // Right rows
  "rightRowsAsked",
  "rightRowsUnknown",
  "sameNamesDigest",
  "completeNeedsAnswers",
  // Blocks of right rows
  "blockSubscribes",
  "blockTellsOthers",
  "blockExceptsOthers",
  "blockConfirmsHeld",
  "blockNamesEpoch",
  // Standbys
  "standbySilent",
  "standbyFresh",
  "standbyTopicId",
  "standbyHello",
  "standbyReadsOn",
] as const;

/** A rule that the model can do without. A mutant takes away one, or two where one stands behind the other. */
export type Rule = (typeof RULES)[number];
