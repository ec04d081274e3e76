import type {
  AppendRows,
  EnsureReport,
  InsertBatch,
  TableSpec,
  UpsertRow,
  Warehouse,
} from "../../src/ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../src/record/errors.ts";
import { createMemoryWarehouse, type MemoryWarehouse, type RefuseRow } from "../../src/testing/memory_warehouse.ts";
import { lineText } from "../line_bytes.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

const SLOW_SHARE = 0.1;
const SLOW_STEPS_MAX = 200;
const APPEND_FAULT_SHARE = 0.03;
/** So many of the rows that come late come when their token is forgotten. */
const VERY_LATE_SHARE = 0.5;
/** As long as anybody may rely on a token here, where an insert takes no time: from an announcement to its deadline. */
const TOKEN_MS = 20_000;
/** What the tables' clock differs from that of the processes, at first. */
const AHEAD_MS = [0, -86_400_000, 7_200_000];

/** Ways in which the simulated warehouse may break its promises, for deliberate bugs. */
export interface WarehouseBugs {
  /** The last write wins, whatever its version. */
  lastWins?: boolean;
  /** Within an epoch, the last write wins. */
  noSeq?: boolean;
  /** Acknowledged inserts are sometimes not stored. */
  lose?: boolean;
  /** Rows above a watermark are not told. */
  noNewer?: boolean;
  /** Nobody is told which rows of a range are there. */
  blind?: boolean;
  /** Rows are added however late they come. */
  noDeadline?: boolean;
  /** Processes are told their own time for the tables'. */
  processTime?: boolean;
  /** The mark of a share that cannot be written is not stored, so that its old value stays. */
  noMark?: boolean;
}

/** The warehouse that all simulated processes share. */
export class SimulatedWarehouse {
  readonly memory: MemoryWarehouse;
  readonly ghosts: (() => void)[] = [];
  /** Rows that come when everything else is over. */
  readonly veryLate: (() => void)[] = [];
  /** The tables' clock is ahead of the processes' by so much. It may go on while these stand still, timers included. */
  aheadMs = 0;
  faults = true;
  /** No insert into these tables is carried out. */
  hanging: readonly string[] = [];
  /** A table whose shape is not what its sink declares. */
  reshaped: string | null = null;
  /** Called after every insert that was stored. */
  onInsert: () => void = () => {};
  readonly #scheduler: Scheduler;
  readonly #bugs: WarehouseBugs;
  #arrivals = 0;

  constructor(
    scheduler: Scheduler,
    { bugs, refuses, tokenMs = TOKEN_MS }: { bugs: WarehouseBugs; refuses: RefuseRow; tokenMs?: number },
  ) {
    this.#scheduler = scheduler;
    this.#bugs = bugs;
    this.memory = createMemoryWarehouse(refuses, { nowMs: () => Math.floor(scheduler.nowMs + this.aheadMs), tokenMs });
  }

  /** Sets the tables' clock to another time than that of the processes. */
  setClock(): void {
    const { choices } = this.#scheduler;
    this.aheadMs = choices.setting("tables-ahead", choices.pick(AHEAD_MS), 0);
  }

  /** The warehouse as one process sees it. */
  portFor(owner: Owner): Warehouse {
    const { memory } = this;
    const scheduler = this.#scheduler;
    const request = <T>(kind: string, run: () => T | Promise<T>, enabled?: () => boolean): Promise<T> =>
      scheduler.request(owner, kind, { enabled, run: () => this.#mayFail(run) }).then((value) => value);
    const { shown, orphans } = memory;
    const none: Warehouse["newer"] = async function* () {};
    const newer = this.#bugs.noNewer === true ? none : memory.newer;
    return {
      ensure: (table) => request("ensure", () => this.#ensure(table)),
      // No table is dropped here; a request of its own would change what every seed means.
      present: (tables) => memory.present(tables),
      insert: (batch) => request("insert", () => this.#insert(batch), this.#insertable(batch)),
      shown: (table, tasks) => this.#chunks(owner, () => shown(table, tasks)),
      summed: (table, watermarks) => request("summed", () => memory.summed(table, watermarks)),
      newer: (table, watermarks) => this.#chunks(owner, () => newer(table, watermarks)),
      orphans: (table, tasks) => this.#chunks(owner, () => orphans(table, tasks)),
      greatestEpochs: (table, tasks) => request("epochs", () => memory.greatestEpochs(table, tasks)),
      setAside: (table, limit) => request("set aside", () => memory.setAside(table, limit)),
      kept: (table, keyLine) => request("kept", () => memory.kept(table, keyLine)),
      ensureAppend: (table) => request("ensure", () => memory.ensureAppend(table)),
      append: (rows) => request("append rows", () => this.#append(owner, rows), this.#insertable(rows)),
      appended: (table, range) =>
        request("appended", () => this.#bugs.blind ? Promise.resolve([]) : memory.appended(table, range)),
      keptAppends: (table, question) => request("appended", () => memory.keptAppends(table, question)),
      lastAppended: (table, of) => request("appended", () => memory.lastAppended(table, of)),
      nowMs: () =>
        request("time", () => this.#bugs.processTime ? Promise.resolve(Math.floor(scheduler.nowMs)) : memory.nowMs()),
      query: (sql) => memory.query(sql),
      ping: () => request("ping", () => undefined),
      close: () => Promise.resolve(),
    };
  }

  #ensure(table: TableSpec): Promise<EnsureReport> {
    if (table.name !== this.reshaped) return this.memory.ensure(table);
    throw new ConfigError([`simulated: table ${table.name} has another shape`]);
  }

  async *#chunks<T>(owner: Owner, read: () => AsyncIterable<readonly T[]>): AsyncGenerator<readonly T[]> {
    // The state at one instant, as a SELECT gives it; it arrives later.
    const rows = await this.#scheduler.request(owner, "shown", {
      run: () => this.#mayFail(() => read()),
    });
    const chunks: (readonly T[])[] = [];
    for await (const chunk of rows) chunks.push(chunk);
    await this.#scheduler.request(owner, "rows", { run: () => undefined });
    for (const chunk of chunks) {
      const half = Math.ceil(chunk.length / 2);
      yield chunk.slice(0, half);
      // The answer may break off: what was taken of it may not be there any more when it is asked for again.
      this.#mayFail(() => undefined);
      if (half < chunk.length) yield chunk.slice(half);
    }
  }

  /** Whether an insert that was begun now may be carried out: some take long. */
  #insertable({ table }: InsertBatch | AppendRows): () => boolean {
    const scheduler = this.#scheduler;
    const slow = this.faults && scheduler.choices.strikes("insert-slow", SLOW_SHARE);
    const dueStep = slow ? scheduler.steps + scheduler.choices.below(SLOW_STEPS_MAX) : 0;
    return () => !this.hanging.includes(table.name) && (!this.faults || scheduler.steps >= dueStep);
  }

  #mayFail<T>(run: () => T): T {
    if (this.faults && this.#scheduler.choices.strikes("warehouse-silent", 0.03)) {
      throw new ProductionError("ClickHouse does not answer", { retriable: true });
    }
    return run();
  }

  #insert(batch: InsertBatch): Promise<void> {
    const { choices } = this.#scheduler;
    const what = () => batch.table.name;
    if (this.#bugs.lose === true && this.faults && choices.strikes("insert-swallowed", 0.1, what)) {
      return Promise.resolve();
    }
    const stored = this.#store(batch);
    // Of a refusal the answer may be lost, too.
    stored.catch(() => {});
    if (this.faults && choices.strikes("insert-repeated", 0.04, what)) {
      this.ghosts.push(() => void this.#store(batch).catch(() => {}));
    }
    if (this.faults && choices.strikes("insert-answer-lost", 0.03, what)) {
      throw new ProductionError("the answer was lost", { retriable: true });
    }
    return stored;
  }

  /**
   * Rows that are lost on the way, or whose answer is; that arrive later, even when their process is dead and another
   * one has appended what it missed; or whose token alone is kept, by a ClickHouse that ended in the middle.
   */
  #append(owner: Owner, rows: AppendRows): Promise<void> {
    if (owner.dead) return this.#storeRows(rows);
    const strikes = (what: string) =>
      this.faults && this.#scheduler.choices.strikes(what, APPEND_FAULT_SHARE, () => rows.table.name);
    const strikesMore = (what: string) => this.#scheduler.choices.strikes(what, VERY_LATE_SHARE);
    const silent = () => new ProductionError("ClickHouse has not answered", { retriable: true });
    if (strikes("rows-lost")) throw silent();
    if (strikes("rows-late")) {
      const list = strikesMore("rows-very-late") ? this.veryLate : this.ghosts;
      list.push(() => void this.#storeRows(rows).catch(() => {}));
      throw silent();
    }
    if (strikes("rows-hollow")) {
      this.memory.forgetRows(rows);
      throw silent();
    }
    const stored = this.memory.append(this.#dated(rows));
    // Of a refusal the answer may be lost, too.
    stored.catch(() => {});
    this.onInsert();
    if (strikes("rows-answer-lost")) throw silent();
    return stored;
  }

  /** The INSERT alone, behind which nobody looks any more. */
  #storeRows(rows: AppendRows): Promise<void> {
    const stored = this.memory.append(this.#dated({ ...rows, repeated: undefined }));
    this.onInsert();
    return stored;
  }

  #dated(rows: AppendRows): AppendRows {
    return this.#bugs.noDeadline === true ? { ...rows, deadlineMs: Infinity } : rows;
  }

  #store(batch: InsertBatch): Promise<void> {
    this.#arrivals++;
    const version = <T extends { epoch: number; seq: number }>(row: T): T =>
      this.#bugs.lastWins === true
        ? { ...row, epoch: 1, seq: this.#arrivals }
        : this.#bugs.noSeq === true
        ? { ...row, seq: this.#arrivals }
        : row;
    const marked = ({ line }: UpsertRow) =>
      this.#bugs.noMark === true && batch.table.refused !== undefined && lineText(line).endsWith(",1");
    const stored = this.memory.insert({
      table: batch.table,
      upserts: batch.upserts.filter((row) => !marked(row)).map(version),
      deletes: batch.deletes.map(version),
    });
    this.onInsert();
    return stored;
  }
}
