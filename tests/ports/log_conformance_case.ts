import type { Log } from "../../src/ports/log.ts";

/** What a case needs beyond the port itself; an adapter that lacks one says why in {@link LogFeatures}. */
export type LogCapability =
  /** `TopicDescription.id` is known and changes when a topic is created again. */
  | "topic_id"
  /** {@link OpenedLog.deleteTopic} works. */
  | "delete_topic"
  /** {@link OpenedLog.compact} works. */
  | "compact"
  /** {@link OpenedLog.reopen} works. */
  | "reopen";

/**
 * What an adapter cannot do, each with the reason. Cases that need it are registered as ignored and show the reason in
 * their name.
 */
export interface LogFeatures {
  readonly lacks: Readonly<Partial<Record<LogCapability, string>>>;
}

/**
 * A log under test, with the faults that the port has no words for. A missing fault must be named in
 * {@link LogFeatures.lacks}.
 */
export interface OpenedLog {
  readonly log: Log;
  close(): Promise<void>;
  /** Removes the topic and everything in it; resolves when it is gone. */
  deleteTopic?(topic: string): Promise<void>;
  /** Resolves when older records of keys written again are gone from the topic. */
  compact?(topic: string): Promise<void>;
  /** Closes this log and opens it again over the same data, as a new process would. The old one is not used again. */
  reopen?(): Promise<OpenedLog>;
}

/** One case of the suite. `needs` lists the capabilities without which it makes no sense. */
export interface LogCase {
  /** The port's symbol and a sentence. */
  readonly name: string;
  readonly needs?: readonly LogCapability[];
  run(opened: OpenedLog): Promise<void>;
}
