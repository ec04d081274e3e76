/** What was said to be lost: records from `from` on, before `to`. */
export interface Told {
  /**
   * "retention": deleted before they were read. "topic": the topic was deleted, and what followed up to the topic that
   * is read now. "doubt": records that have rows, but perhaps not all.
   */
  readonly reason: "retention" | "topic" | "doubt";
  readonly topicId: number;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** With "topic": the one that is read now. */
  readonly nextTopicId?: number;
}
