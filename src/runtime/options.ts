/** How a topology is run. Nothing here changes what is computed. */
export interface RunOptions {
  /** Leading part of every epoch: raised by the operator when epochs cannot be compared with earlier ones. 1..8191. */
  readonly generation: number;
  /** Names of topologies that are gone: their tables may be taken over by a topology of another name. */
  readonly takeOver: readonly string[];
  /** A start may delete more rows than {@link deletesMaxShare} and {@link deletesMaxRows} allow. */
  readonly allowDeletes: boolean;
  /** Share of a task's rows, 0..1, that a start may delete unasked. */
  readonly deletesMaxShare: number;
  /** Rows that a start may delete unasked, whatever the share. */
  readonly deletesMaxRows: number;
  /** Rows wait at most this long before an insert begins, unless another one into their table is under way. */
  readonly flushIntervalMs: number;
  /**
   * Inserts into one table a second, by all instances together, as far as {@link flushIntervalMs} allows; more than two
   * tables that are written at the same time share twice as many. One that also deletes rows is two for ClickHouse.
   */
  readonly insertsPerSecond: number;
  /** Rows of one insert. */
  readonly batchRowsMax: number;
  /** Rows waiting for one sink before reading stops. */
  readonly sinkRowsMax: number;
  /** Bytes of rows waiting for one sink before reading stops: two for each UTF-16 unit of their text. */
  readonly sinkBytesMax: number;
  /** Messages to one inbox partition are packed into records of about so much text, in UTF-16 units. */
  readonly packLengthMax: number;
  /** Bytes (of UTF-8) waiting to be appended to inboxes before reading stops. */
  readonly producerBytesMax: number;
  /** Rows evaluated before other tasks, heartbeats and sockets get their turn: fewer where they take long. */
  readonly sliceRows: number;
  /**
   * Rows of one shape that a task evaluates operator by operator before it compiles its program for them. Tables of a
   * few rows are not worth it.
   */
  readonly compileAfterRows: number;
  /** First comparison with what is shown: when no earlier incarnation can have a write under way any more. */
  readonly repairAfterMs: number;
  /** Later comparisons. */
  readonly repairEveryMs: number;
  /** A task that ran so long has restarted for the last time: its next restart waits for the shortest pause again. */
  readonly steadyAfterMs: number;
  /** Positions are committed, for monitoring, this often. */
  readonly commitEveryMs: number;
  /** Topics are described again, to notice recreated ones, this often. */
  readonly metadataEveryMs: number;
  /** Conversation topics keep records this long. */
  readonly inboxRetentionMs: number;
  /** Largest record of a conversation topic, in bytes: above all, of a row that other tasks look up. */
  readonly messageBytesMax: number;
  /** Source topics that delete by time are accepted as they are (their tables cannot be rebuilt in full). */
  readonly allowRetention: boolean;
  /** A poll waits at most this long for records. */
  readonly pollWaitMs: number;
  /** A running task's state is written this often, for its next start; 0: never, and every start reads everything. */
  readonly snapshotEveryMs: number;
  /**
   * A stage's changelog is cleaned when starts find more records in it than are needed: by so many at least, and by
   * this share of those that are.
   */
  readonly staleRecordsMin: number;
  readonly staleShareMin: number;
  /** So long after a start, which has other things to do. */
  readonly cleanAfterMs: number;
  /** Records that cleaning writes a second, for each partition. */
  readonly cleanRecordsPerSecond: number;
  /** On how many other instances the rows of each task are kept, so that one of them can take it over soon. */
  readonly standbys: number;
  /**
   * `host:port` at which other instances ask this one for its stores, as Kafka Streams' `application.server`; null:
   * they do not.
   */
  readonly applicationServer: string | null;
  /** A join that fewer rows find a partner in than this share is told as a problem; one that none does, in any case. */
  readonly joinShareMin: number;
  /** Contents of rows may be shown to those who look at the running topology. */
  readonly consoleRows: boolean;
  /** Bytes of the state of one topology, before it stops with a clear error. */
  readonly stateBytesMax: number;
  /** Entries of all stores of one process before it stops with a clear error. */
  readonly storeEntriesMax: number;
}

/** Sensible for a machine of a few cores and gigabytes. */
export const defaultRunOptions: RunOptions = {
  generation: 1,
  takeOver: [],
  allowDeletes: false,
  deletesMaxShare: 0.1,
  deletesMaxRows: 1_000,
  flushIntervalMs: 200,
  insertsPerSecond: 30,
  batchRowsMax: 20_000,
  sinkRowsMax: 150_000,
  sinkBytesMax: 128 * 1024 * 1024,
  packLengthMax: 256 * 1024,
  producerBytesMax: 16 * 1024 * 1024,
  sliceRows: 400,
  compileAfterRows: 200,
  repairAfterMs: 60_000,
  repairEveryMs: 600_000,
  // Ten times the longest pause between restarts: what fails again at every load has done so by then.
  steadyAfterMs: 300_000,
  commitEveryMs: 5_000,
  metadataEveryMs: 10_000,
  inboxRetentionMs: 86_400_000,
  messageBytesMax: 16 * 1024 * 1024,
  allowRetention: false,
  pollWaitMs: 250,
  snapshotEveryMs: 60_000,
  staleRecordsMin: 1_000,
  staleShareMin: 1,
  cleanAfterMs: 60_000,
  cleanRecordsPerSecond: 1_000,
  standbys: 0,
  applicationServer: null,
  joinShareMin: 0,
  consoleRows: true,
  stateBytesMax: 64 * 1024 ** 3,
  storeEntriesMax: 50_000_000,
};
