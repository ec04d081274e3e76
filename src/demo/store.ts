import { ConfigError } from "../record/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { AppendBatch, Log } from "../ports/log.ts";
import type { ChangeOptions, DemoRunOptions, DemoStore, DemoStoreOptions } from "./demo_store.ts";
import { type FileTables, fileTables } from "./file_tables.ts";
import { type OutboxEntryWriter, outboxEntryWriter, readOutboxEntry } from "./outbox_entry.ts";
import type { Picker } from "./picks.ts";
import { choicesOf } from "./random.ts";
import { EVENTS, FEEDS, type PerTable, type Rows, type TableName, topicOf } from "./schema.ts";
import { DEFAULT_SIZES, newHistory, ORDERS_MAX, seedRows } from "./seed_rows.ts";
import { type OnProgress, sendSnapshot, snapshotNeeded } from "./snapshot.ts";
import { openStoreFile, type StoreFile, type StoreState } from "./store_file.ts";
import { readDemoStore, type StoreView, viewOf } from "./store_view.ts";
import { appendPatiently, createTopics, partitionCounts, type TopicWriter, topicWriter } from "./topic_writer.ts";
import { beginTransaction, type EmitChange, type Transaction, type TransactionScope } from "./transaction.ts";
import { emitEvent } from "./visit.ts";
import { pastVisits } from "./visit_schedule.ts";
import { runTransaction } from "./workload.ts";

/** Partitions of a topic that is made. */
export const PARTITIONS_DEFAULT = 6;

/** Changes that one commit holds at most, beyond the last transaction's end. */
const COMMIT_CHANGES = 1_000;
/** Between two commits while the rate leaves time. */
const TICK_MS = 10;
/** A store that fell behind its rate makes up for no more than this. */
const CATCH_UP_MS = 1_000;

/**
 * Opens the demo store in a file, or makes one: initial rows and state in one transaction.
 * @throws ConfigError when the file holds a store of another seed
 * @throws RangeError when the sizes of a new store cannot be
 */
export function openDemoStore(options: DemoStoreOptions): DemoStore {
  const file = openStoreFile(options.path);
  try {
    const state = file.found ?? createStore(file, options);
    if (options.seed !== undefined && options.seed !== state.history.seed) throw otherSeed(options, state.history.seed);
    return new FileDemoStore(file, state, options);
  } catch (error) {
    file.close();
    throw error;
  }
}

class FileDemoStore implements DemoStore {
  readonly #file: StoreFile;
  readonly #state: StoreState;
  readonly #path: string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #partitions: number;
  readonly #outbox: OutboxEntryWriter = outboxEntryWriter();
  readonly #tables: FileTables;
  readonly #scope: TransactionScope;
  /** Name of the operation that is sending records. */
  #underWay: string | null = null;

  constructor(file: StoreFile, state: StoreState, options: DemoStoreOptions) {
    this.#file = file;
    this.#state = state;
    this.#path = options.path;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#partitions = options.partitions ?? PARTITIONS_DEFAULT;
    this.#tables = fileTables(file.db);
    this.#scope = { tables: this.#tables, emit: this.#outbox.emit, nowMs: options.clock.nowMs, events: true };
  }

  get seed(): number {
    return this.#state.history.seed;
  }

  get lastChangeMs(): number | null {
    const { changes, micros } = this.#state.history;
    return changes === 0 ? null : Math.floor(micros / 1000);
  }

  createTopics(): Promise<void> {
    return createTopics(this.#log, { partitions: this.#partitions, feeds: FEEDS });
  }

  snapshot(onProgress?: OnProgress, signal?: AbortSignal): Promise<void> {
    return this.#exclusively("snapshot", signal, async (writer) => {
      if (await snapshotNeeded(this.#log, this.#state)) {
        this.#setSnapshot("started");
        const { breathe } = this.#clock;
        await sendSnapshot(this.#file.db, this.#state.history, { writer, breathe, onProgress });
        await this.#sendPast(writer);
        this.#setSnapshot("done");
      }
      await this.#drain(writer);
    });
  }

  write(changes: number): Promise<void> {
    return this.#exclusively("write", undefined, async (writer) => {
      this.#requireSnapshot();
      await this.#drain(writer);
      for (let left = changes; left > 0;) {
        left -= this.#commitWork(Math.min(left, COMMIT_CHANGES));
        await this.#drain(writer);
        await this.#clock.breathe();
      }
    });
  }

  async run({ ratePerSecond = 500, signal }: DemoRunOptions): Promise<void> {
    try {
      await this.#exclusively("run", signal, (writer) => this.#stream(writer, { ratePerSecond, signal }));
    } catch (error) {
      // The log was away when the end came: the outbox keeps what was not sent.
      if (!signal.aborted || error !== signal.reason) throw error;
    }
  }

  look<T>(find: (rows: Picker) => T): T {
    const choices = choicesOf(this.#clock.nowMs());
    return find({ choices, history: this.#state.history, tables: this.#tables });
  }

  change<T>(run: (tx: Transaction) => T, { sentAs = (value) => value }: ChangeOptions = {}): Promise<T> {
    return this.#exclusively("change", undefined, async (writer) => {
      this.#requireSnapshot();
      await this.#drain(writer);
      const emit: EmitChange = (...[feed, id, value, timestampMs]) =>
        this.#outbox.emit(feed, id, value === null ? null : sentAs(value), timestampMs);
      const result = this.#commit(() => run(beginTransaction(this.#state.history, { ...this.#scope, emit })));
      await this.#drain(writer);
      return result;
    });
  }

  flush(): Promise<void> {
    return this.#exclusively("flush", undefined, (writer) => this.#drain(writer));
  }

  counts(): PerTable {
    return { ...this.#state.history.counts };
  }

  changesWritten(): number {
    return this.#state.history.changes;
  }

  *rows<T extends TableName>(table: T): Iterable<Rows[T]> {
    const view = this.view();
    try {
      yield* view.rows(table);
    } finally {
      view.close();
    }
  }

  view(): StoreView {
    return this.#path === ":memory:" ? viewOf(this.#file.db, () => {}) : readDemoStore(this.#path);
  }

  close(): void {
    this.#file.close();
  }

  /** Commits as the clock says, sending one commit while the next is made, until `signal` is aborted. */
  async #stream(writer: TopicWriter, { ratePerSecond, signal }: Required<DemoRunOptions>): Promise<void> {
    this.#requireSnapshot();
    let sending = this.#drain(writer);
    let lastMs = this.#clock.nowMs();
    for (let due = 0; !signal.aborted;) {
      const nowMs = this.#clock.nowMs();
      due = Math.min(due + (nowMs - lastMs) * ratePerSecond / 1000, ratePerSecond * CATCH_UP_MS / 1000);
      lastMs = nowMs;
      if (due < 1) {
        await this.#clock.sleep(TICK_MS, signal);
        continue;
      }
      // Whole transactions: what goes beyond is taken off the next tick.
      due -= this.#commitWork(Math.min(Math.floor(due), COMMIT_CHANGES));
      await sending;
      sending = this.#drain(writer);
      // Awaited at the next commit; until then a refusal is not unhandled.
      sending.catch(() => {});
      await this.#clock.breathe();
    }
    await sending;
    await this.#drain(writer);
  }

  /** Runs transactions until `changes` more changes are there, and commits them. Returns how many there are. */
  #commitWork(changes: number): number {
    const { history } = this.#state;
    const before = history.changes;
    this.#commit(() => {
      while (history.changes < before + changes) runTransaction(history, this.#scope);
    });
    return history.changes - before;
  }

  /** Commits what `run` changes together with its records. Nothing happened when it throws. */
  #commit<T>(run: () => T): T {
    const { history } = this.#state;
    const saved = JSON.stringify(history);
    let result: T;
    try {
      this.#file.commit(this.#state, () => {
        result = run();
        const records = this.#outbox.take();
        if (records !== null) this.#file.push(records);
      });
    } catch (error) {
      this.#outbox.take();
      this.#tables.forget();
      Object.assign(history, JSON.parse(saved));
      throw error;
    }
    return result!;
  }

  /** Sends what the outbox holds, oldest first, and removes what was acknowledged. */
  async #drain(writer: TopicWriter): Promise<void> {
    for (let entry = this.#file.next(); entry !== undefined; entry = this.#file.next()) {
      readOutboxEntry(entry.records, writer.emit);
      await writer.flush();
      this.#file.acknowledge(entry);
    }
  }

  async #exclusively<T>(
    name: string,
    signal: AbortSignal | undefined,
    work: (writer: TopicWriter) => Promise<T>,
  ): Promise<T> {
    if (this.#underWay !== null) {
      throw new TypeError(
        `Cannot start "${name}" of the demo store as the only operation: ` +
          `current value is "${this.#underWay}". Await it first`,
      );
    }
    this.#underWay = name;
    try {
      const append = (batches: AppendBatch[]) => appendPatiently(this.#log, batches, { clock: this.#clock, signal });
      return await work(topicWriter(await partitionCounts(this.#log, FEEDS), append));
    } finally {
      this.#underWay = null;
    }
  }

  /** Sends what people did before the store was opened, once: each event stands for itself. */
  async #sendPast(writer: TopicWriter): Promise<void> {
    const { history } = this.#state;
    if (history.transactions > 0) return;
    for (const event of EVENTS) {
      const { end } = await this.#log.offsets(topicOf(event));
      if (end.some((offset) => offset > 0)) return;
    }
    for (const event of pastVisits(history, this.#tables)) emitEvent(event, writer.emit);
    await writer.flush();
  }

  #setSnapshot(snapshot: StoreState["snapshot"]): void {
    const before = this.#state.snapshot;
    try {
      this.#file.commit(this.#state, () => this.#state.snapshot = snapshot);
    } catch (error) {
      this.#state.snapshot = before;
      throw error;
    }
  }

  #requireSnapshot(): void {
    const { snapshot } = this.#state;
    if (snapshot === "done") return;
    throw new TypeError(
      `Cannot write "changes" after a snapshot: current value is "${snapshot}". Await snapshot() first`,
    );
  }
}

function createStore(file: StoreFile, options: DemoStoreOptions): StoreState {
  const { seed = 1, clock, ordersMax = ORDERS_MAX } = options;
  const sizes = { ...DEFAULT_SIZES, ...options.sizes };
  const history = newHistory(seed, { sizes, ordersMax, nowMs: clock.nowMs() });
  const state: StoreState = { history, snapshot: "none" };
  file.create(state, () => seedRows(history, sizes, fileTables(file.db).insert));
  return state;
}

function otherSeed(options: DemoStoreOptions, seed: number): ConfigError {
  return new ConfigError([
    `Cannot open "${options.path}" as a demo store of seed ${options.seed}: current value is ${seed}. ` +
    `Use seed ${seed}, or remove the file and the topics online_store.public.* to begin another store`,
  ]);
}
