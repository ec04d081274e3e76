/**
 * The Log port: an ordered, partitioned, durable log with topics, and a group that hands out tasks. Kafka is one; the
 * embedded log another. Guarantees every adapter gives, checked by `tests/ports/log_conformance.ts`:
 *
 * - a partition's records are read in the order of their offsets, which only grow and are never given out twice;
 * - an acknowledged append is durable; appends to one partition, awaited one after the other, keep their order;
 * - an append may be stored more than once when its acknowledgement was lost (receivers drop what is not newer), and
 *   only then: what was acknowledged is not stored again later;
 * - a batch that is to be whole is stored whole or not at all;
 * - offsets may have gaps (compaction, transaction markers).
 *
 * Not guaranteed: any order between partitions; that a record is read before a task is reassigned.
 */

/** Text stands for its UTF-8 bytes, so that an adapter whose store holds text need not make bytes of it. */
export type Bytes = string | Uint8Array;
export interface LogRecord {
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  readonly key: Bytes | null;
  /** `null` is a tombstone. A `Uint8Array` may be a view of a larger buffer: copy what is kept. */
  readonly value: Bytes | null;
  /** As `packHeaders` packs them; absent if there are none. May be a view of a larger buffer, too. */
  readonly headers?: Uint8Array;
  /** The value as it lies in the log, where `value` was made of it. */
  readonly written?: Bytes;
}

export interface NewRecord {
  readonly key: Bytes | null;
  readonly value: Bytes | null;
  /** Milliseconds since the epoch; the adapter's clock if absent. */
  readonly timestampMs?: number;
  /** As {@link LogRecord.headers}; kept as they are. */
  readonly headers?: Uint8Array;
}

export interface AppendBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly NewRecord[];
  /**
   * The records are stored all or not at all, whatever happens: who reads the partition to its end never has a part of
   * them, as a crash can leave of other batches. (One poll may return the first of them, and the next poll the others;
   * what deletes or compacts old records may take some of them.) Together they take no more than the largest record of
   * the topic may: see {@link TopicDescription.messageBytesMax}.
   */
  readonly whole?: true;
}

export interface TopicDescription {
  readonly name: string;
  readonly partitions: number;
  /** Changes when a topic is deleted and created again; `null` if the adapter cannot tell. */
  readonly id: string | null;
  readonly compacted: boolean;
  /** True if records are also (or only) deleted by age or size. */
  readonly deletes: boolean;
  /** Milliseconds; -1 keeps for ever, 0 says that a size limits it, too. Meaningful when `deletes`. */
  readonly retentionMs: number;
  /** Milliseconds a tombstone stays readable after compaction. */
  readonly deleteRetentionMs: number;
  /**
   * Largest record that the topic takes, and largest batch that is {@link AppendBatch.whole}, in bytes of keys, values
   * and headers and at most 100 more for each record.
   */
  readonly messageBytesMax: number;
}

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  /**
   * Readers only ever want what is written after they began, and never go back: a log that belongs to one process may
   * keep records in memory, and only until they were read. Offsets grow across restarts all the same.
   */
  readonly transient?: boolean;
  readonly cleanup: "compact" | "delete";
  /** Milliseconds; -1 keeps for ever. */
  readonly retentionMs: number;
  /** As in {@link TopicDescription}, as the next; the log's own default if absent. */
  readonly messageBytesMax?: number;
  readonly deleteRetentionMs?: number;
}

/** What can be changed of a topic that exists. */
export interface TopicChanges {
  /** Milliseconds; -1 keeps for ever. */
  readonly retentionMs: number;
  readonly messageBytesMax: number;
}

/** One partition's part of what a poll returned. */
export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  /**
   * Where this read began: the position sought, or `nextOffset` of the part before. Whoever holds a part for a while,
   * and seeks meanwhile, tells by it what is of no use any more.
   */
  readonly fromOffset: number;
  /** In the order of offsets; all of them at or after `fromOffset`. May be empty when only a gap was passed. */
  readonly records: readonly LogRecord[];
  /** Where the next read continues: greater than every offset in `records`, also past gaps. */
  readonly nextOffset: number;
  /** End of the partition as known at this read: the offset the next record will get. */
  readonly endOffset: number;
  /**
   * Under which leader the partition had all records below `nextOffset` as they were read, for {@link Log.epochEnds};
   * absent where the log does not know.
   */
  readonly leaderEpoch?: number;
  /** The position sought lies before the log's start or after its end: nothing was read, and reading stopped. */
  readonly outOfRange?: { readonly startOffset: number; readonly endOffset: number };
  /**
   * Set when the partition cannot be read at the moment (damaged data, a right that was taken away): why, and what to
   * do. Nothing was read; the reader stays where it is, tries again by itself and tells so again. Other partitions go
   * on. The first part of the partition without it says that it is over.
   */
  readonly problem?: string;
}

/**
 * Reads any partitions by position, outside any group. One poll may be under way at a time. Records fetched ahead for a
 * partition are thrown away by `seek` and `stop` of that partition.
 */
export interface Reader {
  /** Reads this partition from `offset` on. */
  seek(topic: string, partition: number, offset: number): void;
  stop(topic: string, partition: number): void;
  /** A paused partition keeps its position and what was fetched for it, and delivers nothing. */
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  /**
   * Resolves when something is there, at the latest after about `waitMs` with an empty list. @throws ProductionError
   */
  poll(waitMs: number): Promise<Fetched[]>;
  close(): Promise<void>;
}

/**
 * One unit of assignment: all partitions that belong to one task go to the same member. Where several tasks read a
 * partition, its progress is the last one's in their list.
 */
export interface GroupTask {
  readonly id: string;
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
  /** Its owner calls {@link Membership.transact}: what a former one has left open is ended before `held` answers. */
  readonly transactional?: true;
}

export interface GroupOptions {
  readonly group: string;
  readonly tasks: readonly GroupTask[];
  /**
   * On how many other members the rows of each task are to be kept warm; absent or 0: and this member keeps none. A
   * member of another opinion may be in the group: the greatest number counts.
   */
  readonly standbys?: number;
  /** Where this member can be asked, for {@link Membership.addresses} of the others; absent: nowhere. */
  readonly address?: string;
  /**
   * Called with ALL tasks this member has now, at every assignment, and ALL those that it is a standby of, which are
   * others' tasks. Sticky: a member keeps what it has where balance allows, and a task whose owner has left goes to one
   * of its standbys if it can.
   */
  onAssigned(tasks: readonly string[], standbys: readonly string[]): void;
  /** Called once when membership ended for good and the application must end or join again. */
  onFailed(error: Error): void;
}

/** Where a record stands in the log. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Largest note of a {@link Progress}, in bytes of UTF-8. Kafka's brokers take 4,096 unless they are told otherwise. */
export const NOTE_BYTES_MAX = 4_000;

/** How far a partition was worked off, and what whoever has it next must know of that. */
export interface Progress extends Position {
  /** At most {@link NOTE_BYTES_MAX}. */
  readonly note: string;
}

/** What was committed last of a partition that a member has. */
export interface Held {
  readonly topic: string;
  readonly partition: number;
  /**
   * Names the time for which the member has it: another one once somebody else may have had it meanwhile, even if this
   * member was never told.
   */
  readonly tenure: string;
  /** Null when nothing was ever advanced. */
  readonly progress: Progress | null;
}

/** What is committed with progress. */
export interface Transaction {
  readonly tenure: string;
  readonly batches: readonly AppendBatch[];
}

export interface Membership {
  /**
   * For monitoring only: nothing is ever recovered from it. Rejects when the group has moved on; the caller may ignore
   * that. A partition that was ever advanced is left as it is.
   */
  commit(positions: readonly Position[]): Promise<void>;
  /**
   * What was advanced last of partitions of tasks that this member has; those of others are missing. It is read after
   * everything that a former owner could still commit, and that an earlier call of this member's may still commit:
   * until that is certain it rejects, retriably.
   * @throws ProductionError
   */
  held(partitions: readonly Pick<Position, "topic" | "partition">[]): Promise<Held[]>;
  /**
   * Commits progress as it is given, also if it is behind what was committed before. Once it resolves, whoever is given
   * the partition later finds it with {@link Membership.held}. Calls for one partition take effect in their order, also
   * those that rejected: after one whose end is not known the next ones reject, retriably, until it cannot come any
   * more.
   * @throws ProductionError: not retriable when nothing was committed, nor ever will be by this call, since the tenure
   * is over (or, of reason `setup`, a person must act first); else it may have been committed, and can be tried again
   * @throws RangeError when the note is too large
   */
  advance(progress: Progress, tenure: string): Promise<void>;
  /**
   * As {@link Membership.advance}, and stores the batches: both or neither, for whoever reads what is committed, as all
   * readers of this port do. After a call that rejected, retriably, the same one has no second effect if it had one, so
   * each has a position of its own. For tasks that are {@link GroupTask.transactional}.
   * @throws ProductionError as `advance` and {@link Log.append} do; of reason "too_large" nothing was committed
   */
  transact(progress: Progress, transaction: Transaction): Promise<void>;
  /**
   * Where the other members can be asked, sorted, each once: those that were in the group at the newest assignment that
   * this member knows, and have an address. One of them may be gone by now. Empty once it has left.
   */
  addresses(): readonly string[];
  leave(): Promise<void>;
}

export interface PartitionOffsets {
  /** Offset of the oldest record that can be read; index = partition. */
  readonly start: readonly number[];
  /** Offset that the next record will get; index = partition. */
  readonly end: readonly number[];
}

/** Under which leader a partition was read. */
export interface ReadEpoch {
  readonly partition: number;
  readonly leaderEpoch: number;
}

export interface Log {
  /** Where a source topic that is not there comes from; absent: from Debezium. */
  readonly missingTopicAdvice?: string;
  /** Descriptions of those of `names` that exist. */
  topics(names: readonly string[]): Promise<Map<string, TopicDescription>>;
  /** Creates the topic if no topic of that name exists; settings of an existing one are left as they are. */
  createTopic(topic: NewTopic): Promise<void>;
  /**
   * Changes settings of a topic; all others stay.
   * @throws ProductionError, not retriable, if that is not allowed
   */
  alterTopic(name: string, changes: TopicChanges): Promise<void>;
  offsets(topic: string): Promise<PartitionOffsets>;
  /**
   * For each, where the records end that are still those that the partition had under that leader: behind it others may
   * stand in their place, since a later leader lacked them (Kafka's unclean election; the embedded log's file restored
   * from a copy, or cut off by the end of the machine). Not less than that if none was lost; -1 if the log knows no
   * such leader.
   */
  epochEnds(topic: string, epochs: readonly ReadEpoch[]): Promise<number[]>;
  /**
   * Deletes the records of a partition before `offset`, which becomes its start, or its end if that comes earlier. No
   * effect if the start is there or further. Gaps are no obstacle: nothing need stand at `offset`. Readers that are
   * before it are told that they are out of range. After an error it may have been done all the same; it can always be
   * asked for again.
   * @throws ProductionError, not retriable, for a topic that is compacted only, an unknown topic or partition, and if
   * it is not allowed
   */
  truncateBefore(topic: string, { partition, offset }: Omit<Position, "topic">): Promise<void>;
  /**
   * Stores every batch and resolves when all are acknowledged, with the offset of each batch's first record. Order is
   * kept within a batch and between batches of one partition. One append may be under way per caller if order matters
   * to it. An append that fails may have stored any of its batches, and parts of those that are not `whole`.
   * @throws ProductionError (`retriable` tells whether the same append may be tried again; `reason` is "too_large" if
   * a record of it, or a batch that is `whole`, is larger than its topic takes: that one is not stored, nor what
   * follows it in its partition)
   */
  append(batches: readonly AppendBatch[]): Promise<number[]>;
  reader(): Reader;
  join(options: GroupOptions): Promise<Membership>;
  close(): Promise<void>;
}
