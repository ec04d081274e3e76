import type { ShownRow } from "../../ports/warehouse.ts";
import type { OutputPlan } from "../../plan/outputs_of.ts";
import type { TaskTable } from "../../plan/physical.ts";
import { valuesOf } from "../../processor/aggregate.ts";
import type { Program } from "../../processor/program.ts";
import type { Key } from "../../record/key.ts";
import type { Row, Value } from "../../record/row.ts";
import { wireEquals } from "../../record/wire.ts";
import {
  type CellLayout,
  DIRTY,
  type Entry,
  HELD,
  layoutOf,
  memberRow,
  newEntry,
  PENDING,
  putMemberRow,
} from "../../state/entry.ts";
import type { RightEntry, RightStore } from "../../state/right_store.ts";
import { Channel } from "../conversation/channel.ts";
import type { GroupOutput } from "../outputs/group_output.ts";
import { Conversation } from "../conversation/conversation.ts";
import { shownKeyOf } from "../outputs/key_line.ts";
import type { Merge } from "../conversation/merge.ts";
import type { ShareSender } from "../conversation/share_sender.ts";
import type { ShareSink } from "../outputs/share_sink.ts";
import type { Server } from "../conversation/server.ts";
import { FOREIGN_DIGEST, type SinkCounts, type SinkOutput } from "../outputs/sink_output.ts";
import { SourceReader } from "./source_reader.ts";
import { taskId } from "../../record/task_id.ts";
import type { TaskContext } from "./task_context.ts";
import { applyOutputs, countsOf, createMerges, createOutputs, unshownFirst } from "./task_outputs.ts";
import type { TaskView } from "../conversation/task_view.ts";
import { createStores, createTableProgram } from "./table_program.ts";
import { WorkQueue } from "./work_queue.ts";

/**
 * One task: the rows of one partition, their program, and its roles. A synchronous state machine: it is given records
 * and what the sinks show, and hands out messages and rows; the runner does all waiting. It lives for one epoch; a
 * restart makes a new one.
 */
export class Task implements TaskView {
  readonly id: string;
  readonly table: TaskTable;
  readonly partition: number;
  readonly epoch: number;
  readonly channel: Channel;
  readonly entries: Map<Key, Entry> = new Map();
  readonly stores: readonly RightStore[];
  readonly servers: readonly Server[];
  readonly merges: readonly (Merge | null)[];
  readonly sinks: readonly SinkOutput[];
  readonly groups: readonly GroupOutput[];
  readonly shareSinks: readonly (ShareSink | null)[];
  readonly senders: readonly (ShareSender | null)[];
  readonly source: SourceReader;
  readonly conversation: Conversation;
  /** What is to be evaluated. */
  readonly queue = new WorkQueue();
  /** Own rows, global tables and what the sinks show are here: everything may be evaluated and answered. */
  loaded = false;
  /** Every row was evaluated with all its partners known: rows may be deleted and shares written. */
  complete = false;
  closed = false;
  /** Timestamp of the source records behind what is evaluated now, to measure how long they take; 0 if unknown. */
  sourceMs = 0;
  /** What the start did, by sink; empty before it is complete. */
  startCounts: readonly { readonly sink: string; readonly counts: SinkCounts }[] = [];
  readonly #program: Program;
  readonly #layout: CellLayout;
  #pending = 0;
  readonly #evaluate = (entry: Entry) => this.evaluate(entry);
  readonly #held = new Set<Entry>();

  constructor(options: { context: TaskContext; table: TaskTable; partition: number; epoch: number }) {
    const { context, table, partition, epoch } = options;
    this.table = table;
    this.partition = partition;
    this.epoch = epoch;
    this.id = taskId(table.name, partition);
    this.channel = new Channel({
      task: this.id,
      epoch,
      limits: context.options,
      emit: (destination, record) => context.emit(this.id, destination, record),
    });
    this.#layout = layoutOf({
      lookups: table.lookups.length,
      sinks: table.sinks.length,
      groups: table.groups.map((group) => valuesOf(group.aggregate)),
      serves: table.serves.length,
    });
    this.conversation = new Conversation(this, context);
    this.source = new SourceReader(this, context);
    this.stores = createStores({
      context,
      table,
      layout: this.#layout,
      subscribe: (lookup, key) => this.conversation.subscribe(lookup, key),
    });
    const keyColumns = table.keyColumns ?? (() => this.merges.find((merge) => merge?.columns)?.columns ?? []);
    this.#program = createTableProgram({ context, table, stores: this.stores, keyColumns });
    this.merges = createMerges(context, { table, epoch });
    const outputs = createOutputs({
      context,
      table,
      id: this.id,
      epoch,
      channel: this.channel,
      layout: this.#layout,
      keyColumns,
      hold: (entry) => this.#hold(entry),
      complete: () => this.complete,
      sourceMs: () => this.sourceMs,
    });
    this.servers = outputs.servers;
    this.sinks = outputs.sinks;
    this.groups = outputs.groups;
    this.shareSinks = outputs.shareSinks;
    this.senders = outputs.senders;
    this.conversation.sayHello();
  }

  /** Rows of the table and right rows held for it. */
  get storedRows(): number {
    return this.entries.size + this.stores.reduce((sum, store) => sum + store.entries.size, 0);
  }

  /** Entries whose evaluation waits for a partner that has not answered yet. */
  get pending(): number {
    return this.#pending;
  }

  entryOf(key: Key): Entry {
    let entry = this.entries.get(key);
    if (entry === undefined) this.entries.set(key, entry = newEntry(key, this.#layout));
    return entry;
  }

  /** What ClickHouse shows of this task from an earlier epoch in one of its outputs. */
  base({ kind, index, sink }: OutputPlan, rows: readonly ShownRow[]): void {
    for (const row of rows) {
      const key = shownKeyOf(sink, row.key);
      if (kind === "shares") this.shareSinks[index]!.base(key, row.digest);
      else if (this.sinks[index].owns(key)) this.sinks[index].base(this.entryOf(key), row.digest);
    }
  }

  /** Rows of tasks that no longer exist whose keys are this task's now: written again in its own name, or deleted. */
  adopt(output: OutputPlan, rows: readonly ShownRow[]): void {
    if (output.kind === "shares") this.shareSinks[output.index]!.adopt(rows);
    else this.base(output, rows.map((row) => ({ ...row, digest: FOREIGN_DIGEST })));
  }

  /** A member's row of this key is `row` now (null: deleted). Returns the row that it replaces. */
  setRow(member: number, key: Key, row: Row | null): Row | null {
    const entry = this.entryOf(key);
    const before = this.rowOf(entry, member);
    if (before === row || (before !== null && row !== null && wireEquals(before, row))) {
      if (row === null && !this.loaded) this.#sweep(entry);
      return before;
    }
    putMemberRow(entry, { member, members: this.table.members.length }, row);
    if (this.loaded) this.queue.mark(entry);
    else this.#sweep(entry);
    return before;
  }

  rowOf(entry: Entry, member: number): Row | null {
    return memberRow(entry, { member, members: this.table.members.length });
  }

  /** A right row has another value: all entries that use it are evaluated again. */
  rightChanged(right: RightEntry): void {
    this.queue.markUsers(right);
  }

  /** Everything needed to evaluate is here: all entries are evaluated once. */
  load(): void {
    if (this.loaded) return;
    this.loaded = true;
    for (const entry of this.entries.values()) {
      entry.flags |= PENDING;
      this.senders.forEach((sender, index) => sender === null ? undefined : this.groups[index].markUnknown(entry));
    }
    this.#pending = this.entries.size;
    this.queue.markAll(unshownFirst(this.entries, this.sinks));
    for (const server of this.servers) {
      for (const key of server.keys()) if (!this.entries.has(key)) server.tellAbsent(key);
    }
  }

  /** Evaluates at most about `rows` entries; true if more wait. */
  work(rows: number): boolean {
    return this.queue.run(rows, this.#evaluate);
  }

  /** Runs the entry's program and brings every output up to date whose value is known. Returns the registers. */
  evaluate(entry: Entry): readonly Value[] {
    entry.flags &= ~DIRTY;
    const registers = this.#program.run(entry);
    const known = applyOutputs(this.table, this, { entry, registers });
    if (known && (entry.flags & PENDING) !== 0) {
      entry.flags &= ~PENDING;
      this.#pending--;
    }
    this.#sweep(entry);
    return registers;
  }

  /** Registers of an entry without touching outputs that are up to date. */
  registersOf(entry: Entry): readonly Value[] {
    return (entry.flags & (DIRTY | PENDING)) !== 0 ? this.evaluate(entry) : this.#program.run(entry);
  }

  #sweep(entry: Entry): void {
    if (entry.row !== null || (entry.flags & (PENDING | DIRTY)) !== 0) return;
    for (const sink of this.sinks) if (sink.shows(entry)) return;
    if (this.entries.get(entry.key) === entry) this.entries.delete(entry.key);
    this.#held.delete(entry);
  }

  #hold(entry: Entry): void {
    entry.flags |= HELD;
    this.#held.add(entry);
  }

  /** Whether every entry was evaluated with all partners known, so that {@link finish} may be called. */
  get ready(): boolean {
    return this.loaded && !this.complete && this.#pending === 0 && this.queue.empty;
  }

  /** Whether all shares of all homes have arrived, for a table of totals. */
  get membersReady(): boolean {
    return this.merges.every((merge) => merge?.ready ?? true);
  }

  /** The start is complete: held rows are deleted, shares are written. */
  finish(): void {
    this.complete = true;
    const held = [...this.#held];
    this.#held.clear();
    for (const entry of held) {
      entry.flags &= ~HELD;
      this.evaluate(entry);
    }
    for (const sink of this.shareSinks) sink?.complete();
    this.startCounts = countsOf(this);
  }

  /**
   * Begins a batch: totals that changed become rows. `sourceMs`: timestamp of the source records behind it; 0 if
   * unknown.
   */
  beginBatch(sourceMs: number): void {
    this.sourceMs = sourceMs;
    if (!this.membersReady) return;
    this.merges.forEach((merge, member) => {
      if (merge === null) return;
      for (const [key, row] of merge.takeChanged()) this.setRow(member, key, row);
    });
  }

  /** Ends a batch: changed shares and all messages leave. */
  endBatch(): void {
    if (this.complete) {
      for (const sink of this.shareSinks) sink?.flush();
    }
    if (this.loaded) this.#sendShares();
    this.channel.flush();
    this.sourceMs = 0;
  }

  /**
   * An aggregate's shares wait for its own rows only: it may be joined back to the very rows that it adds up, which
   * wait for it.
   */
  #sendShares(): void {
    this.senders.forEach((sender, index) => {
      if (sender === null) return;
      if (sender.completed) sender.flush();
      else if (this.groups[index].known) sender.complete();
    });
  }
}
