import type { AppendRule } from "./rules.ts";
import type { AppendWorldKind } from "./world.ts";

/** A deliberate bug: rules that are taken away. */
interface AppendMutant {
  readonly without: readonly AppendRule[];
  /** In which it is noticed; "all faults" if not given. */
  readonly world?: AppendWorldKind;
  /** What goes wrong. */
  readonly effect: string;
}

/** Each must be noticed. */
export const APPEND_MUTANTS: readonly AppendMutant[] = [
  {
    without: ["announceFirst"],
    effect: "nobody knows of an insert whose process died, and its records are cut otherwise",
  },
  { without: ["acknowledgedFirst"], effect: "an insert that was lost is passed over" },
  { without: ["stopAcknowledged"], effect: "the same, at a clean stop" },
  { without: ["token"], effect: "a repeated insert is stored twice" },
  { without: ["tokenTopicId"], effect: "the first rows of a new topic are taken for those of the old one" },
  { without: ["tokenContent"], effect: "rows that are made otherwise now are taken for those that were under way" },
  { without: ["placeTopicId"], effect: "rows of the old topic are taken for those of the new one" },
  { without: ["tenure"], effect: "the progress of a process that lost the partition is believed" },
  { without: ["rejectedStops"], effect: "two insert one partition" },
  { without: ["advanceOrder"], effect: "progress goes back, and what was inserted since is cut otherwise" },
  { without: ["heldAfterAssignment"], effect: "the same: the former owner went on after it was read" },
  { without: ["deadline"], effect: "an insert comes when its token is forgotten" },
  { without: ["executionBound"], effect: "an insert goes on while its rest is inserted by another one" },
  { without: ["tableClock"], effect: "a deadline by a clock that is ahead is later than the others wait" },
  { without: ["window"], effect: "a token is forgotten before the last copy of its insert comes" },
  { without: ["pace"], effect: "the same, as there are too many inserts" },
  { without: ["rangeSettled"], effect: "a range that was announced is taken for inserted" },
  { without: ["topicIdCompared"], effect: "the first records of a new topic are passed over" },
  { without: ["topicIdAfterRead"], effect: "records of a new topic are taken for those of the old one" },
  { without: ["startCommitted"], effect: "a start at the end of the log is chosen anew after each crash" },
  { without: ["forgottenAsked"], effect: "everything is inserted once more" },
  { without: ["lostTold"], effect: "records that retention deleted are passed over without a word" },
  {
    without: ["lossAnnounced"],
    effect: "a process that lost the partition says that records are lost, which its successor has read",
  },
  { without: ["looked"], effect: "a range is inserted again whose token is forgotten" },
  { without: ["announcedAgain"], effect: "an insert of a start comes when nobody reckons with it" },
  {
    without: ["lookedAfterAnnouncement"],
    world: "frozen starts",
    effect: "an insert came after the look, and its token is forgotten",
  },
  { without: ["countAnnounced"], effect: "rows of another program are not recognised as those of the range" },
  { without: ["digestAnnounced"], effect: "the rest of a range is filled up with rows of another program" },
  { without: ["partWaits"], effect: "the rest of a range is inserted while the first insert of it goes on" },
  { without: ["otherWaits"], effect: "other rows are inserted while those of the former program are under way" },
];
