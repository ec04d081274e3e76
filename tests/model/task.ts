import type { Instance } from "./instance.ts";
import type { HeldKey, Message } from "./message.ts";
import type { SourceRows, TableName } from "./program.ts";
import type { PartialSnapshot, Snapshot } from "./snapshot_file.ts";
import { type Contribution, type Row, UNKNOWN, type Version } from "./values.ts";

/** All that a task keeps of one key. */
export interface Entry {
  row: Row | null;
  /** Right rows and global rows that its last evaluation looked up: "O/o1", "G/g2". */
  uses: readonly string[];
  /** Digest of what the sink shows. */
  shown: string | null;
  contribution: Contribution | null;
  /** Something that it is made of has changed since it was evaluated with all partners known. */
  pending: boolean;
  failed: boolean;
  /** To be deleted when the start is complete; until then it stays shown. */
  held: boolean;
}

/** A row of another task. */
export interface RightRow {
  value: Row | null | typeof UNKNOWN;
  /** What its users were evaluated with last, while `value` is UNKNOWN; undefined for nothing. */
  held: Row | null | undefined;
  readonly users: Set<string>;
}

/** What is known of a right row, or what its users were evaluated with last; undefined for nothing. */
export function lastKnown({ value, held }: RightRow): Row | null | undefined {
  return value === UNKNOWN ? held : value;
}

/** That a home wants to know a value. */
export interface Subscription {
  /** Digest of what the home has; undefined for nothing. */
  readonly held: string | null | undefined;
  readonly answered: boolean;
}

/** Something that waits to be done elsewhere: a message to an inbox, a row to ClickHouse. */
export interface Effect {
  /** "inbox L0", "rows" or "shares". */
  readonly destination: string;
  /** Of a row. */
  readonly key: string;
  readonly seq: number;
  readonly run: () => void;
}

/** How a process behaves that no longer owns the task. */
export interface ZombieLife {
  steps: number;
  /** Goes on reading; otherwise only what it put before is still carried out. */
  readonly reads: boolean;
  /** What it does about the HELLO of its successor. */
  readonly onHello: "ends" | "overlooks" | "says hello";
  /** Was stopped before its own HELLO. */
  stalled: boolean;
}

/** A snapshot that is being written. */
export interface SnapshotJob {
  readonly file: PartialSnapshot;
  /** Rows put before the cut that ClickHouse has not acknowledged. */
  readonly waits: Set<number>;
}

/** One life of a task. */
export interface Task extends SourceRows, Version {
  readonly id: string;
  readonly table: TableName;
  readonly partition: number;
  readonly instance: Instance;
  epoch: number;
  seq: number;
  topicId: number;
  /** In the source. */
  position: number;
  inboxPosition: number;
  /** Of the last record taken. */
  leaderEpoch: number;
  /** Since when records may have been appended that were not read. */
  freshTime: number;
  loadEnd: number;
  globalEnds: readonly number[];
  loaded: boolean;
  complete: boolean;
  dead: boolean;
  zombie: ZombieLife | null;
  readonly entries: Map<string, Entry>;
  readonly work: Set<string>;
  readonly rights: Map<string, RightRow>;
  /** Digests of the global rows with which their users were evaluated. */
  readonly globals: Map<string, string | null>;
  readonly folds: Map<string, { n: number; s: number }>;
  readonly dirtyGroups: Set<string>;
  /** Digests of shares that the sink shows. */
  readonly shares: Map<string, string>;
  /** Right rows of which something is held that are still to be asked about, in blocks. */
  readonly toAsk: Set<string>;
  /** By server: the block that is not sent yet. */
  readonly openBlocks: Map<string, HeldKey[]>;
  /** The keys that were asked about, by number of the block. */
  readonly blocks: Map<number, readonly string[]>;
  /** What it serves, as far as known in this epoch. */
  readonly registers: Map<string, Row | null>;
  /** Homes by key. */
  readonly subscribers: Map<string, Map<string, Subscription>>;
  readonly seen: Map<string, Version>;
  queue: Effect[];
  applied: Effect[];
  readonly unacknowledged: Set<number>;
  snapshotJob: SnapshotJob | null;
  /** What it began with, until it is open. */
  restored: Snapshot | null;
}

/** A message as its inbox keeps it; null for the HELLO of the inbox's own task. */
export type InboxValue = Message | null;

export function newTask(id: string, instance: Instance): Task {
  const entries = new Map<string, Entry>();
  return {
    id,
    table: id[0] as TableName,
    partition: Number(id.slice(1)),
    instance,
    epoch: 0,
    seq: 0,
    topicId: 0,
    position: 0,
    inboxPosition: 0,
    leaderEpoch: 0,
    freshTime: 0,
    loadEnd: 0,
    globalEnds: [],
    loaded: false,
    complete: false,
    dead: false,
    zombie: null,
    rows: { get: (key) => entries.get(key)?.row },
    former: new Map(),
    entries,
    work: new Set(),
    rights: new Map(),
    globals: new Map(),
    folds: new Map(),
    dirtyGroups: new Set(),
    shares: new Map(),
    toAsk: new Set(),
    openBlocks: new Map(),
    blocks: new Map(),
    registers: new Map(),
    subscribers: new Map(),
    seen: new Map(),
    queue: [],
    applied: [],
    unacknowledged: new Set(),
    snapshotJob: null,
    restored: null,
  };
}

export function entryOf(task: Task, key: string): Entry {
  let entry = task.entries.get(key);
  if (entry === undefined) {
    entry = { row: null, uses: [], shown: null, contribution: null, pending: false, failed: false, held: false };
    task.entries.set(key, entry);
  }
  return entry;
}

/** Its entry is to be evaluated. */
export function mark(task: Task, key: string): void {
  entryOf(task, key).pending = true;
  task.work.add(key);
}
