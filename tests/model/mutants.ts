import type { Rule } from "./rules.ts";
import type { WorldKind } from "./world.ts";

/** A deliberate bug: rules that are taken away. */
export interface Mutant {
  readonly without: readonly Rule[];
  /** In which it is noticed, so that nothing else can be the reason; "all faults" if not given. */
  readonly world?: WorldKind;
  /** What goes wrong. */
  readonly effect: string;
}

/** Each must be noticed. */
export const MUTANTS: readonly Mutant[] = [
  { without: ["inboxFromHello"], effect: "answers and HELLOs of the first moments are never read" },
  { without: ["selfHello"], effect: "a stalled owner has the greater epoch, the rightful one is mute" },
  { without: ["lowerEpochDropped"], effect: "a dead server's value comes after the living one's" },
  { without: ["inboxOrder"], effect: "an older value comes last" },
  { without: ["serverHello"], effect: "its predecessor's subscriptions are gone" },
  { without: ["subscribeAgain"], effect: "the same" },
  { without: ["unknownIsNotAbsent"], effect: "rows are shown without their partners for a moment" },
  { without: ["loadBeforeEvaluation"], effect: "rows of an earlier time are shown for a moment" },
  { without: ["completeBeforeShares"], effect: "totals dip for a moment" },
  { without: ["repair"], effect: "what a dead process wrote late, or a hand altered, stays" },
  { without: ["checksum"], effect: "rows that did not come to the disk are taken for absent" },
  { without: ["format"], effect: "bytes are read as what they do not mean" },
  { without: ["taskIdentity"], effect: "rows of another task are taken for own ones" },
  { without: ["topicId"], effect: "rows of the deleted topic stay, and the first of the new one are not read" },
  { without: ["generation"], effect: "rows whose keys are another task's since the partition count changed stay" },
  { without: ["sourceHash"], effect: "rows are what the declaration before made of the records" },
  { without: ["programHash"], effect: "what the program before made of the rows stays shown" },
  { without: ["position"], effect: "the reader is out of its log, and begins with the same snapshot again and again" },
  { without: ["leaderEpoch"], effect: "records that were lost are believed, those in their place are not read" },
  { without: ["retention"], effect: "deleted rows stay, as their tombstones are gone" },
  {
    without: ["publishAfterAcknowledgement"],
    world: "alone",
    effect: "a snapshot tells of rows that never came to ClickHouse; it agrees with it never again",
  },
  {
    without: ["supersededWaits"],
    world: "alone",
    effect: "the same, of a row that a later one replaced in the buffer",
  },
  {
    without: ["syncBeforeRename"],
    world: "alone",
    effect: "half a file has the name of a whole one, and is of no use",
  },
  { without: ["syncBeforeRename", "checksum"], world: "alone", effect: "half a file has the name of a whole one" },
  {
    without: ["ownTemporaryFile", "checksum"],
    world: "intact directories",
    effect: "two processes write into one file",
  },
  { without: ["pendingKept"], effect: "a row whose partner had changed is taken for evaluated" },
  { without: ["formerRowsKept"], effect: "the delete of a row that lost its key deletes the row that has it now" },
  { without: ["aggregate"], effect: "what ClickHouse lost, or others wrote, is not noticed" },
  {
    without: ["aggregateUpToWatermark"],
    world: "alone",
    effect: "one row written after the snapshot, and all of the base must be read",
  },
  { without: ["aggregateChecksRows"], effect: "a row altered by hand is taken for what it was" },
  { without: ["newerOverlaid"], effect: "rows written after the snapshot are taken for what they were" },
  { without: ["overlayEvaluated"], effect: "a row that ClickHouse shows otherwise stays" },
  { without: ["failedEvaluated"], effect: "the letter of a row that still fails is resolved" },
  { without: ["heldEvaluated"], effect: "a delete that waited for the end of a start is forgotten" },
  { without: ["globalsCompared"], effect: "a global row that changed meanwhile is not applied" },
  { without: ["rightRowsAsked"], effect: "changes of right rows are never learnt" },
  { without: ["rightRowsUnknown"], effect: "a changed row is joined with a partner of an earlier time" },
  { without: ["sameNamesDigest"], effect: "an answer to an earlier question is taken for one to the last" },
  { without: ["completeNeedsAnswers"], effect: "shares of an earlier time are written over later ones, for a moment" },
  { without: ["blockSubscribes"], effect: "changes of confirmed right rows are never learnt" },
  { without: ["blockTellsOthers"], effect: "a right row that changed meanwhile is taken for what it was" },
  {
    without: ["blockExceptsOthers"],
    effect: "a right row that its server has not evaluated yet is taken for what it was",
  },
  { without: ["blockConfirmsHeld"], effect: "a right row that was left and asked for anew is taken for absent" },
  { without: ["blockNamesEpoch"], effect: "an answer to an earlier life's question is taken for one to this life's" },
  { without: ["standbySilent"], effect: "two speak in one epoch" },
  { without: ["standbyFresh"], effect: "deleted rows stay, as their tombstones are gone" },
  { without: ["standbyTopicId"], effect: "rows of the deleted topic stay" },
  { without: ["standbyHello"], effect: "two speak in one epoch" },
  { without: ["standbyReadsOn"], effect: "changes between its position and the end are never read" },
];
