import type { Fetched, Reader } from "../../ports/log.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { Task } from "../task/task.ts";
import { taskId } from "../../record/task_id.ts";

/** Where one assigned task stands on this instance. */
export type HostState = "starting" | "loading" | "joining" | "running" | "waiting";

/**
 * Topics and positions of one task, and its way from assignment to running. The task inside is replaced at every
 * restart.
 */
export class TaskHost {
  readonly id: string;
  readonly table: TaskTable;
  readonly partition: number;
  readonly inboxTopic: string;
  /** Topics of the source members, in member order. */
  readonly topics: readonly string[];
  task: Task | null = null;
  /** Grows with every start, so that what was begun for an earlier one is recognised. */
  start = 0;
  /** Starts in quick succession, for the back-off. */
  restarts = 0;
  /** What sinks show was read back. */
  baseRead = false;
  /** Next offset to read, by member. */
  positions: number[] = [];
  /** End offsets as known, by member. */
  ends: number[] = [];
  /** End offsets asked for after the HELLO: everything below is read before anything is evaluated. */
  targets: readonly number[] = [];
  globalTargets: ReadonlyMap<string, readonly number[]> = new Map();
  inboxPosition = 0;
  inboxEnd = 0;
  /** The inbox is read. */
  listening = false;
  /** Timestamp of the last source record taken, milliseconds since the epoch; 0 before any. */
  lastRecordMs = 0;
  startedMs = 0;
  completedMs = 0;
  nextRepairMs = 0;

  constructor({ table, partition, inboxTopic }: { table: TaskTable; partition: number; inboxTopic: string }) {
    this.id = taskId(table.name, partition);
    this.table = table;
    this.partition = partition;
    this.inboxTopic = inboxTopic;
    this.topics = table.members.flatMap((member) => member.kind === "source" ? [member.source.topic] : []);
  }

  get state(): HostState {
    if (this.task === null) return this.restarts > 0 ? "waiting" : "starting";
    if (!this.task.loaded) return "loading";
    return this.task.complete ? "running" : "joining";
  }

  /** Source records not read yet, as known. */
  get lag(): number {
    return this.ends.reduce((sum, end, member) => sum + Math.max(0, end - (this.positions[member] ?? 0)), 0);
  }

  /** All own source records that were there at the start have been read. */
  get caughtUp(): boolean {
    return this.positions.every((position, member) => position >= this.targets[member]);
  }

  /** Reads the inbox from the record after the own HELLO. */
  listen(reader: Reader): void {
    if (this.listening) return;
    this.listening = true;
    reader.seek(this.inboxTopic, this.partition, this.inboxPosition);
  }

  /** Stops reading; the state of the task is thrown away. */
  drop(reader: Reader): void {
    if (this.task !== null) this.task.closed = true;
    this.task = null;
    this.start++;
    this.listening = false;
    this.baseRead = false;
    for (const topic of this.topics) reader.stop(topic, this.partition);
    reader.stop(this.inboxTopic, this.partition);
  }

  /**
   * Gives what was fetched to the task. `sourceMs`: timestamp of the source records behind it; 0 if unknown.
   * @returns why the task must start again, or null
   */
  take(fetched: Fetched, sourceMs: number): string | null {
    const task = this.task;
    if (task === null) return null;
    task.sourceMs = sourceMs;
    if (fetched.outOfRange !== undefined) return `position in "${fetched.topic}" is out of range`;
    if (fetched.topic === this.inboxTopic) return this.#takeInbox(task, fetched);
    const member = this.topics.indexOf(fetched.topic);
    task.source.take(member, fetched.records);
    this.positions[member] = fetched.nextOffset;
    this.ends[member] = fetched.endOffset;
    if (fetched.records.length > 0) this.lastRecordMs = fetched.records[fetched.records.length - 1].timestampMs;
    return null;
  }

  #takeInbox(task: Task, fetched: Fetched): string | null {
    for (const record of fetched.records) {
      if (record.offset < this.inboxPosition) continue;
      if (record.offset > this.inboxPosition) return `records of "${fetched.topic}" are gone before they were read`;
      this.inboxPosition++;
      if (task.conversation.take(record.value)) return "superseded";
    }
    this.inboxEnd = fetched.endOffset;
    return null;
  }
}
