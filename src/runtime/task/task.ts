import type { TaskTable } from "../../plan/physical.ts";
import { Outcomes } from "../../processor/outcomes.ts";
import type { Program } from "../../processor/program.ts";
import type { Key } from "../../record/key.ts";
import type { Row, Value } from "../../record/row.ts";
import { Chores } from "../../state/chores.ts";
import { DIRTY, Entries, PENDING } from "../../state/entries.ts";
import type { Refusals } from "../../state/refusals.ts";
import type { AskedRights, GlobalRights } from "../../state/right_store.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import { Channel } from "../conversation/channel.ts";
import { Conversation } from "../conversation/conversation.ts";
import type { Merge } from "../conversation/merge.ts";
import type { FoldOutput } from "../outputs/fold_output.ts";
import type { ShareSender } from "../conversation/share_sender.ts";
import type { ShareSink } from "../outputs/share_sink.ts";
import type { Server } from "../conversation/server.ts";
import type { SinkOutput } from "../outputs/sink_output.ts";
import { createExpiry, type Expiry } from "./expiry.ts";
import { Failures } from "./failures.ts";
import { taskKeyColumns } from "./key_columns.ts";
import { SourceReader } from "./source_reader.ts";
import { taskId } from "../../record/task_id.ts";
import type { TaskOptions } from "./task_context.ts";
import { forgetEntry, StartEnd } from "./start_end.ts";
import { unshownFirst } from "./unshown_first.ts";
import { applyOutputs, createMerges, createOutputs, sendShares, tellAbsent } from "./task_outputs.ts";
import type { TaskView } from "../conversation/task_view.ts";
import { createStores, createTableProgram, unconfirmedRights } from "./table_program.ts";
import { patternsOf } from "./table_outcomes.ts";
import { PendingEntries } from "./pending_entries.ts";
import { createRetention, type Retention } from "./retention.ts";
import { createRefusals } from "./task_letters.ts";
import { WorkQueue } from "./work_queue.ts";

/**
 * One task: the rows of one partition, their program, and its roles. A synchronous state machine: it is given records
 * and what the sinks show, and hands out messages and rows; the runner does all waiting. It lives for one epoch.
 */
export class Task implements TaskView {
  readonly id: string;
  readonly table: TaskTable;
  readonly partition: number;
  readonly epoch: number;
  readonly channel: Channel;
  readonly entries: Entries;
  readonly stores: readonly (AskedRights | GlobalRights)[];
  readonly servers: readonly Server[];
  readonly merges: readonly (Merge | null)[];
  readonly sinks: readonly SinkOutput[];
  readonly groups: readonly FoldOutput[];
  readonly shareSinks: readonly (ShareSink | null)[];
  readonly senders: readonly (ShareSender | null)[];
  readonly source: SourceReader;
  readonly failures: Failures;
  readonly conversation: Conversation;
  readonly refusals: Refusals;
  /** What is to be evaluated. */
  readonly queue: WorkQueue;
  readonly pendingEntries: PendingEntries;
  /** What time it is, and which entries are due; null if no rows expire. */
  readonly expiry: Expiry | null;
  /** What became of each row, and where, by its last evaluation. */
  readonly outcomes: Outcomes;
  /** Looks at each entry that was evaluated; null while nobody looks. */
  tapped: ((entry: Slot) => void) | null = null;
  /** Which windows are kept; null if rows do not go by age. */
  readonly retention: Retention | null;
  readonly chores = new Chores();
  /** Own rows, global tables and what the sinks show are here: everything may be evaluated and answered. */
  loaded = false;
  closed = false;
  /** It began with what a snapshot holds. */
  restored = false;
  /** Then entries are evaluated after the start that the start has not evaluated. */
  catchingUp = false;
  /** Timestamp of the source records behind what is evaluated now, to measure how long they take; 0 if unknown. */
  sourceMs = 0;
  readonly #program: Program;
  /** Entries that one turn evaluates, and steps of chores that it does, at most. */
  sliceRows: number;
  readonly #evaluate = (entry: Slot) => this.evaluate(entry);
  readonly #forget = (entry: Slot) => forgetEntry({ task: this, end: this.#end }, entry);
  readonly #end: StartEnd;

  constructor(options: TaskOptions) {
    const { context, table, partition, epoch } = options;
    [this.table, this.partition, this.epoch] = [table, partition, epoch];
    [this.id, this.sliceRows] = [taskId(table.name, partition), context.options.sliceRows];
    this.channel = new Channel({
      task: this.id,
      epoch,
      limits: context.options,
      emit: (destination, record) => context.emit(this.id, destination, record),
    });
    const entries = this.entries = options.entries ?? new Entries(table.members.length);
    const parts = { context, table, entries, chores: this.chores };
    const expiry = this.expiry = createExpiry(parts, context.count);
    this.retention = createRetention(parts, context.count);
    const queue = this.queue = new WorkQueue(entries);
    this.pendingEntries = new PendingEntries({ entries, queue, expiry });
    [this.conversation, this.source] = [new Conversation(this, context), new SourceReader(this, context)];
    const stores = this.stores = createStores({ ...parts, conversation: this.conversation });
    const keyColumns = taskKeyColumns(table, { context, entries, merges: () => this.merges });
    const refusals = this.refusals = createRefusals(this, { context, keyColumns });
    const failures = this.failures = new Failures({ ...parts, source: this.source, refusals });
    const outcomes = this.outcomes = new Outcomes(patternsOf(table), entries.keys);
    this.#program = createTableProgram({ ...parts, stores, keyColumns, outcomes, expiry, onError: failures.take });
    this.merges = createMerges(context, { table, epoch, chores: this.chores, refusals });
    const outputs = createOutputs({
      ...parts,
      ...{ id: this.id, epoch, channel: this.channel, keyColumns, refusals, failures },
      hold: (entry) => this.#end.hold(entry),
      complete: () => this.#end.begun,
      sourceMs: () => this.sourceMs,
    });
    [this.servers, this.sinks, this.groups] = [outputs.servers, outputs.sinks, outputs.groups];
    [this.shareSinks, this.senders] = [outputs.shareSinks, outputs.senders];
    this.#end = new StartEnd({ ...context.options, chores: this.chores, outputs, entries, evaluate: this.#evaluate });
    this.conversation.sayHello();
  }

  /** Rows of the table and right rows held for it. */
  get storedRows(): number {
    return this.entries.size + this.stores.reduce((sum, store) => sum + store.keys.size, 0);
  }

  /** Entries whose evaluation waits for a partner that has not answered yet. */
  get pending(): number {
    return this.pendingEntries.count;
  }

  entryOf(key: Key): Slot {
    const { keys } = this.entries;
    const found = keys.find(key);
    if (found !== NO_SLOT) return found;
    const entry = keys.add(key);
    if (!this.loaded) this.expect(entry);
    return entry;
  }

  /** The entry is there before everything may be evaluated: nothing of it is known. */
  expect(entry: Slot): void {
    this.entries.raise(entry, PENDING);
    this.senders.forEach((sender, index) => sender === null ? undefined : this.groups[index].markUnknown(entry));
  }

  /** A member's row of this key is `row` now (null: deleted). Returns the row that it replaces. */
  setRow(member: number, key: Key, row: Row | null): Row | null {
    // Debezium's tombstone behind a delete is such a one, whenever the delete was evaluated before.
    if (row === null && !this.entries.keys.has(key)) return null;
    const entry = this.entryOf(key);
    const rows = this.entries.members[member];
    const before = rows.read(entry);
    const changed = rows.write(entry, row);
    if (!this.loaded) {
      if (changed) this.entries.raise(entry, PENDING);
      if (row === null) this.#sweep(entry);
    } else if (changed) this.queue.mark(entry);
    return before;
  }

  /** A right row of this lookup has another value: all entries that use it are evaluated again. */
  rightChanged(lookup: number, right: Slot): void {
    // Before, a snapshot's rows wait to be looked through.
    if (this.loaded) this.queue.markUsers(this.stores[lookup].links, right);
  }

  /** A right row that a snapshot held is what it was. */
  rightConfirmed(lookup: number, right: Slot): void {
    if (this.loaded) this.pendingEntries.confirmed(this.stores[lookup].links, right);
  }

  /** Everything needed is here: all entries are evaluated once, but those whose results a snapshot knows. */
  load(): void {
    if (this.loaded) return;
    this.loaded = true;
    const pending = this.pendingEntries.begin();
    if (this.restored) { for (const entry of pending) this.groups.forEach((group) => group.unfold(entry)); }
    this.senders.forEach((sender, index) => sender === null ? undefined : this.groups[index].expect(this.pending));
    this.queue.markAll(unshownFirst(this.sinks, pending));
    for (const server of this.servers) this.chores.add(tellAbsent(server, this.entries));
    this.conversation.markInbox();
  }

  /** Evaluates a slice of what waits, and does a slice of the chores. */
  work(): void {
    this.retention?.work(this.sliceRows, this.#forget);
    if (this.loaded) this.expiry?.work(this, this.#evaluate);
    this.queue.run(this.sliceRows, this.#evaluate);
    if (this.#known) this.#end.survey();
    this.chores.run(this.sliceRows);
  }

  /** Whether there is something to do that waits for nobody. */
  get busy(): boolean {
    return !this.queue.empty || !this.chores.empty || this.retention?.waits === true ||
      (this.loaded && this.expiry?.waits === true) ||
      (this.membersReady && this.merges.some((merge) => merge?.changed));
  }

  /** Runs the entry's program and brings every output up to date whose value is known. Returns the registers. */
  evaluate(entry: Slot): readonly Value[] {
    const { entries, failures: { rows } } = this;
    entries.lower(entry, DIRTY);
    rows.begin(entry);
    this.refusals.begin();
    const registers = this.#program.run(entry);
    const known = applyOutputs(this.table, this, { entry, registers });
    rows.end(entry);
    if (known) {
      this.pendingEntries.settle(entry);
      this.refusals.evaluated(entries.keys.keyOf(entry));
    } else if (this.restored) this.pendingEntries.add(entry);
    this.#sweep(entry);
    return registers;
  }

  /** Registers of an entry without touching outputs that are up to date. */
  registersOf(entry: Slot): readonly Value[] {
    return this.pendingEntries.isSettled(entry) ? this.#program.run(entry) : this.evaluate(entry);
  }

  #sweep(entry: Slot): void {
    const { entries } = this;
    // It may be in a group, or use a right row.
    if (this.restored && !this.loaded) return;
    if (entries.hasRow(entry) || (this.loaded && entries.is(entry, PENDING | DIRTY))) return;
    for (const sink of this.sinks) if (sink.shows(entry)) return;
    this.#forget(entry);
  }

  /** Every entry was evaluated with all its partners known. */
  get #known(): boolean {
    if (!this.loaded || this.pending > 0 || !this.queue.empty || this.expiry?.waits) return false;
    return unconfirmedRights(this.stores) === 0;
  }

  /** What the end of the start would delete is known. */
  get surveyed(): boolean {
    return this.#end.surveyed;
  }

  /** Whether {@link finish} may be called. */
  get ready(): boolean {
    return this.#known && this.#end.surveyed && !this.#end.begun;
  }

  /** The start is over: rows that it found gone are deleted, and shares written. */
  get complete(): boolean {
    return this.#end.done;
  }

  /** What the start did, by sink; empty before it is complete. */
  get startCounts(): StartEnd["counts"] {
    return this.#end.counts;
  }

  /** What is held since the start is looked at again. */
  reconsider(): void {
    this.#end.reconsider();
  }

  /** Whether all shares of all homes have arrived, for a table of totals. */
  get membersReady(): boolean {
    return this.merges.every((merge) => merge?.ready ?? true);
  }

  /** Whether all of them became rows. */
  get membersKnown(): boolean {
    return this.merges.every((merge) => merge?.known ?? true);
  }

  /** Every row is known: held rows are deleted, shares are written, and then the start is complete. */
  finish(): void {
    this.#end.begin();
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
      for (const [key, row] of merge.takeChanged(this.sliceRows)) this.setRow(member, key, row);
    });
  }

  /** Ends a batch: changed shares and all messages leave. */
  endBatch(): void {
    if (this.complete) { for (const sink of this.shareSinks) sink?.flush(); }
    if (this.loaded) sendShares(this);
    this.channel.flush();
    if (this.queue.empty) this.source.rest();
    this.sourceMs = 0;
  }
}
