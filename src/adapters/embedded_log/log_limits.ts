/** Every limit of the embedded log. */
export interface EmbeddedLogLimits {
  /** Records that one poll returns at most, over all partitions. A poll reads at most this much in one turn. */
  readonly pollRecordsMax: number;
  /** Bytes (UTF-16 units of text) that one poll returns at about most; a single larger record is still returned. */
  readonly pollBytesMax: number;
  /** Records of one partition in one poll. */
  readonly pollPartitionRecordsMax: number;
  /** Records written in one transaction, in one turn; a batch that is to be whole is still written in one. */
  readonly appendSliceRecords: number;
  /**
   * Bytes (UTF-16 units of text) written at about most in one transaction; a single larger record, or batch that is to
   * be whole, is still written.
   */
  readonly appendSliceBytes: number;
  /** Records waiting to be written; more are refused. */
  readonly appendQueueRecordsMax: number;
  /**
   * Bytes of one record's key and value in UTF-8; larger records are refused, since SQLite could not hold them. A topic
   * can have a smaller limit of its own.
   */
  readonly recordBytesMax: number;
  /** Records looked at or deleted in one turn by retention and compaction. */
  readonly maintenanceSliceRecords: number;
  /** Different keys that one pass of compaction over a partition holds in memory; more take several passes. */
  readonly compactionKeysMax: number;
  /**
   * Share of records not yet compacted at which `maintain()` compacts a partition (Kafka's
   * `min.cleanable.dirty.ratio`).
   */
  readonly compactionDirtyRatio: number;
  /** Fewer uncompacted records than this are left alone by `maintain()`. */
  readonly compactionDirtyRecordsMin: number;
  /** Milliseconds a tombstone of a new topic stays readable after compaction (Kafka's `delete.retention.ms`). */
  readonly deleteRetentionMs: number;
}

export const defaultLogLimits: EmbeddedLogLimits = {
  pollRecordsMax: 4_000,
  pollBytesMax: 4_194_304,
  pollPartitionRecordsMax: 2_000,
  appendSliceRecords: 1_000,
  appendSliceBytes: 1_048_576,
  appendQueueRecordsMax: 1_000_000,
  recordBytesMax: 67_108_864,
  maintenanceSliceRecords: 500,
  compactionKeysMax: 500_000,
  compactionDirtyRatio: 0.5,
  compactionDirtyRecordsMin: 1_000,
  deleteRetentionMs: 86_400_000,
};
