import type { AppendBatch, LogRecord } from "../../src/ports/log.ts";

/** One partition's records; `end` grows for ever, `start` only when a prefix is cut off. */
export interface StoredPartition {
  records: LogRecord[];
  start: number;
  end: number;
  /** Number of the present leader. */
  leaderEpoch: number;
  /** Where the records of earlier leaders end, by their numbers. */
  ends: number[];
  /** Every replica has the records before this one. */
  replicated: number;
}

/** A topic of the simulated log. */
export interface StoredTopic {
  readonly name: string;
  readonly id: string;
  readonly compacted: boolean;
  /** Milliseconds; -1 keeps for ever. */
  readonly retentionMs: number;
  readonly partitions: StoredPartition[];
}

/** Ways in which the simulated log may break its promises, for deliberate bugs. */
export interface LogBugs {
  /** Reading an inbox begins at its end, whatever was asked for. */
  inboxFromEnd?: boolean;
  /** Reading an inbox begins at its first record, whatever was asked for. */
  inboxFromStart?: boolean;
  /** Appends to one partition may change places. */
  disorder?: boolean;
  /** An acknowledged append is sometimes not stored. */
  lose?: boolean;
  /** HELLOs get no offset of their own. */
  noEpoch?: boolean;
  /** A HELLO that is not stored, and gets the offset of the last one that is. */
  silences?: (hello: AppendBatch) => boolean;
  /** Positions that are gone are silently moved to the start of the log. */
  noRange?: boolean;
  /** Share of appends that are carried out once more, later: no promise is broken, only what is rare is frequent. */
  repeats?: number;
  /** Nobody knows how far an inbox goes. */
  noEnd?: boolean;
  /** It does not tell under which leader records were read. */
  noLeaderEpochs?: boolean;
  /** Positions are told that a transaction may still change. */
  unstable?: boolean;
  /** In a transaction positions are taken of whoever had the partition once. */
  anyTenure?: boolean;
  /** A record that is too large is refused like any other one. */
  noReason?: boolean;
  /** An append with a record that is too large is acknowledged, and nothing of it is stored. */
  dropLarge?: boolean;
}
