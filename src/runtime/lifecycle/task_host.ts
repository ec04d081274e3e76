import type { Fetched, Position } from "../../ports/log.ts";
import { topicsOf } from "../../plan/member_topic.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { Correction } from "../../record/correction.ts";
import type { Corrected } from "../globals/change_reader.ts";
import type { Loading } from "../../state/slots.ts";
import type { Task } from "../task/task.ts";
import { taskId } from "../../record/task_id.ts";
import { Evaluated } from "./evaluated.ts";
import type { Seeker } from "./intake.ts";
import { type Crossing, crossingAt } from "./leaders.ts";
import type { Standby } from "./standby.ts";

/** Where one assigned task stands on this instance. */
export type HostState = "starting" | "loading" | "joining" | "running" | "waiting";

/** What a task reads before it is loaded: offsets by member, and that of its inbox. */
interface ReadRange {
  /** Where the topics begin. */
  readonly starts: readonly number[];
  /** Where reading begins: later, if a snapshot covers what lies before. */
  readonly from: readonly number[];
  readonly targets: readonly number[];
  /** Under which leaders what lies before `from` was read, as far as it is known. */
  readonly epochs: readonly (number | null)[];
  readonly inbox: number;
  /** What lies before `from` was all that was written by then; null if nothing does. */
  readonly coveredMs: number | null;
  /** What lies before `from` was read by this instance as a standby. */
  readonly warm: boolean;
}

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
  /** What this instance kept of the task while another one ran it, until the next start takes it. */
  standby: Standby | null = null;
  /** The task began with the rows of its standby. */
  warm = false;
  /** Grows with every start, so that what was begun for an earlier one is recognised. */
  start = 0;
  /** Restarts since the task last ran steadily, for the back-off. */
  restarts = 0;
  /** Those among them for which something was wrong: others are to be expected behind several. */
  faults = 0;
  /** Thrown away, and not started again yet. */
  waiting = false;
  /** Sinks that show nothing of this generation of the task: what they show may be other tasks' now. */
  readonly relaid = new Set<string>();
  /** What sinks show was read back. */
  baseRead = false;
  /** Looks, in steps, for what has changed in global tables since the task's snapshot; null: not yet. */
  marking: Loading | null = null;
  /** Next offset to read, by member. */
  positions: number[] = [];
  /** Under which leader what lies before the position was read, by member; null where the log does not tell. */
  leaderEpochs: (number | null)[] = [];
  /** Places at which another leader was met, and it is not known whether it had all records before. */
  crossings: Crossing[] = [];
  /** Where the topics begin, by member. */
  starts: readonly number[] = [];
  /** Where what a snapshot covers ends, and the sources are read from; empty if they are read whole, or were. */
  unread: readonly Position[] = [];
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
  /** Since when the sources are read, or since when what a snapshot covers was; 0 before. */
  readingSinceMs = 0;
  /** When source records were taken last, by the clock; 0 before any. */
  takenMs = 0;
  /** Loads in a row that took too long for the sources' tombstones. */
  lateLoads = 0;
  completedMs = 0;
  nextRepairMs = 0;
  /** The incarnation of which all was compared when nothing could come any more that a former one has written. */
  comparedTask: Task | null = null;
  /**
   * The next comparison looks at topics, too. What is written to them later is followed, so the first one is enough.
   */
  comparesTopics = true;
  #evaluated = new Evaluated([], 0);
  #coveredMs: number | null = null;

  constructor({ table, partition, inboxTopic }: { table: TaskTable; partition: number; inboxTopic: string }) {
    this.id = taskId(table.name, partition);
    this.table = table;
    this.partition = partition;
    this.inboxTopic = inboxTopic;
    this.topics = topicsOf(table);
  }

  get state(): HostState {
    if (this.task === null) return this.waiting ? "waiting" : "starting";
    if (!this.task.loaded) return "loading";
    return this.task.complete ? "running" : "joining";
  }

  /** Everything that was written by then has been read, as far as it is known; milliseconds since the epoch. */
  freshMs(nowMs: number): number {
    if (this.lag === 0) return nowMs;
    return Math.min(nowMs, Math.max(this.lastRecordMs, this.readingSinceMs));
  }

  /** Source records not read yet, as known. */
  get lag(): number {
    return behind(this.ends, this.positions);
  }

  /** Source records not read, or taken and not evaluated yet; while the task starts, rows not evaluated yet count. */
  get unevaluated(): number {
    const { task } = this;
    if (task === null) return this.lag;
    if (!task.complete) return this.lag + (task.loaded ? task.pending : task.entries.size);
    return behind(this.ends, this.evaluated.positions);
  }

  /** Positions before everything that is not evaluated yet. */
  get evaluated(): Evaluated {
    const { task } = this;
    if (task !== null) this.#evaluated.advance((mark) => task.loaded && task.queue.passed(mark));
    return this.#evaluated;
  }

  /** All own source records that were there at the start have been read. */
  get caughtUp(): boolean {
    return this.positions.every((position, member) => position >= this.targets[member]);
  }

  /** A new incarnation: reads its sources, and its inbox, before it is loaded. */
  begin(task: Task, { starts, from, epochs, targets, inbox, coveredMs, warm }: ReadRange): void {
    this.task = task;
    this.warm = warm;
    this.starts = starts;
    this.leaderEpochs = [...epochs];
    this.crossings = [];
    this.positions = [...from];
    this.unread = this.topics.flatMap((topic, member) =>
      !warm && from[member] > starts[member] ? [{ topic, partition: this.partition, offset: from[member] }] : []
    );
    this.targets = targets;
    this.ends = [...targets];
    this.inboxPosition = inbox;
    this.lastRecordMs = this.readingSinceMs = this.takenMs = 0;
    this.#coveredMs = coveredMs;
    this.#evaluated = new Evaluated([...from], inbox);
  }

  /** The topic ends there, or later, as was asked for since it was read last. */
  endsAt(topic: string, end: number): void {
    const member = this.topics.indexOf(topic);
    if (this.task !== null && member >= 0) this.ends[member] = Math.max(this.ends[member], end);
  }

  /** Reading of the sources begins. */
  readSince(nowMs: number): void {
    this.readingSinceMs = this.#coveredMs ?? nowMs;
  }

  /** As {@link SourceReader.correct}; null if the record was not read yet, and will be read as it is corrected. */
  correct(correction: Correction): Corrected | null {
    const member = this.topics.indexOf(correction.topic);
    if (this.task === null || correction.offset >= this.positions[member]) return null;
    return this.task.source.correct(member, correction);
  }

  /** Reads the inbox from the record after the own HELLO. */
  listen(reader: Seeker): void {
    if (this.listening) return;
    this.listening = true;
    reader.seek(this.inboxTopic, this.partition, this.inboxPosition);
  }

  /** Stops reading; the state of the task is thrown away. */
  drop(reader: Seeker): void {
    if (this.task !== null) this.task.closed = true;
    this.task = null;
    this.start++;
    this.listening = false;
    this.baseRead = false;
    this.marking = null;
    this.comparesTopics = true;
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
    const member = this.topics.indexOf(fetched.topic);
    const position = fetched.topic === this.inboxTopic ? this.inboxPosition : this.positions[member];
    // Fetched for an earlier incarnation, which was further back.
    if (fetched.fromOffset < position) return null;
    if (fetched.fromOffset > position) return `records of "${fetched.topic}" are gone before they were read`;
    task.sourceMs = sourceMs;
    if (fetched.outOfRange !== undefined) return `position in "${fetched.topic}" is out of range`;
    if (fetched.topic === this.inboxTopic) {
      const trouble = this.#takeInbox(task, fetched);
      if (trouble !== null) return trouble;
    } else {
      task.source.take(member, fetched.records);
      this.#noteLeader(member, fetched);
      this.positions[member] = fetched.nextOffset;
      this.ends[member] = fetched.endOffset;
      if (fetched.records.length > 0) this.lastRecordMs = fetched.records[fetched.records.length - 1].timestampMs;
    }
    this.#evaluated.take(task.queue.position, this.positions, { inbox: this.inboxPosition });
    return null;
  }

  #noteLeader(member: number, fetched: Fetched): void {
    const place = {
      start: this.starts[member],
      position: this.positions[member],
      leaderEpoch: this.leaderEpochs[member],
    };
    const crossing = crossingAt(place, fetched);
    if (crossing !== null) this.crossings.push(crossing);
    this.leaderEpochs[member] = fetched.leaderEpoch ?? place.leaderEpoch;
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

function behind(ends: readonly number[], positions: readonly number[]): number {
  return ends.reduce((sum, end, member) => sum + Math.max(0, end - (positions[member] ?? 0)), 0);
}
