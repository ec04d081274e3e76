import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import type { GlobalTable } from "../../plan/physical.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log, PartitionOffsets, TopicDescription } from "../../ports/log.ts";
import type { Key } from "../../record/key.ts";
import type { StaleKeys } from "../../state/stale_keys.ts";
import type { MendedBy } from "./change_reader.ts";
import type { CorrectionSource } from "./corrections.ts";
import type { Globals } from "./globals.ts";
import type { SharedTable } from "./shared_table.ts";
import type { TableUser } from "./table_user.ts";
import { sharedTable } from "./shared_tables.ts";
import type { Unread } from "./unread_records.ts";

/** Rows of one turn of the event loop. */
const SLICE_ROWS = 250;

/** A record that could not be read, and of which table it is. */
export interface Unreadable extends Unread {
  readonly table: GlobalTable;
}

/** What a global reader needs. */
export interface GlobalReaderOptions {
  readonly tables: readonly GlobalTable[];
  /** The topics of the tables, as they were when the topology was prepared. */
  readonly topics: ReadonlyMap<string, TopicDescription>;
  readonly globals: Globals;
  readonly log: Log;
  readonly clock: Clock;
  /** Stands for the process: tables that its topologies declare alike are held once. */
  readonly process: object;
  readonly onUndecodable: (unreadable: Unreadable) => void;
  /** What corrects records that cannot be read. */
  readonly corrections: CorrectionSource;
  /** A change of this key was read, of which the last one could not be read. `by`: what corrects a record was. */
  readonly onMended: (table: GlobalTable, mended: { readonly key: Key; readonly by?: MendedBy }) => void;
  /** Another topology of the process has the table, and this one must not use it. */
  readonly onUnfit: (table: string, reason: string) => void;
  /** A column is probably read in the wrong unit. */
  readonly onDoubt: (table: string, doubt: UnitDoubt) => void;
  /** Rows changed or positions moved on. */
  readonly onProgress: () => void;
  readonly onState: (problem: string | null) => void;
  /** What was read of a topic counts no more, and why: all that was built on it must be built again. */
  readonly onLost: (topic: string, why: string) => void;
  /** Nothing may be evaluated any more: what is looked up may be anything. */
  readonly onFatal: (error: Error) => void;
}

/** The global tables of a topology for as long as it runs; it shares them with others of its process. */
export class GlobalReader {
  readonly #options: GlobalReaderOptions;
  /** By table; none before they are joined. */
  #shared: readonly SharedTable[] = [];
  #users: readonly TableUser[] = [];
  /** Why tables cannot be read at the moment, by table. */
  readonly #problems = new Map<GlobalTable, string>();
  /** The rows that were there when it joined are evaluated. */
  #evaluated = false;
  #stopped = false;
  #failed = false;
  #left: Promise<void> | null = null;

  constructor(options: GlobalReaderOptions) {
    this.#options = options;
  }

  /** Joins the tables; those that nobody uses yet are read from the start of their topics. */
  async start(): Promise<void> {
    const { tables, topics, globals, log, clock, process, corrections } = this.#options;
    const found: PartitionOffsets[] = [];
    for (const { source } of tables) found.push(await log.offsets(source.topic));
    if (this.#stopped) return;
    // From here on in one turn: nothing changes between the look at what is there and the first change that is told.
    const shared = tables.map((table, index) => {
      const topic = topics.get(table.source.topic)!;
      const onUnfit = (reason: string) => this.#options.onUnfit(table.name, reason);
      return sharedTable(table, { log, clock, topic, offsets: found[index], corrections, process, onUnfit });
    });
    globals.join(shared.map(({ rows }) => rows));
    this.#users = tables.map((table, index) => this.#userOf(table, index));
    this.#shared = shared;
    shared.forEach((table, index) => table.join(this.#users[index]));
    this.#evaluated = globals.unevaluated === 0;
    if (!this.#evaluated) this.#evaluateJoined().catch((error) => this.#fail(error));
  }

  #userOf(table: GlobalTable, index: number): TableUser {
    const { globals, onUndecodable, onMended, onDoubt, onProgress, onLost } = this.#options;
    return {
      changed: (slot) => globals.changed(index, slot),
      reading: (position) => globals.reading = position,
      work: (rows) => !this.#failed && globals.work(rows),
      unread: (unread) => onUndecodable({ table, ...unread }),
      mended: (key, by) => onMended(table, { key, by }),
      doubt: (doubt) => onDoubt(table.name, doubt),
      moved: onProgress,
      problem: (problem) => this.#tellProblem(table, problem),
      lost: (why) => onLost(table.source.topic, why),
      failed: (error) => this.#fail(error),
    };
  }

  #tellProblem(table: GlobalTable, problem: string | null): void {
    if (problem === null) this.#problems.delete(table);
    else this.#problems.set(table, problem);
    this.#options.onState(this.#problems.values().next().value ?? null);
  }

  #fail(error: Error): void {
    this.#failed = true;
    this.#options.onFatal(error);
  }

  async #evaluateJoined(): Promise<void> {
    const { globals, clock, onProgress } = this.#options;
    while (!this.#stopped && globals.evaluateJoined(SLICE_ROWS)) await clock.breathe();
    if (this.#stopped) return;
    this.#evaluated = true;
    onProgress();
  }

  /** Keys of each table whose last change could not be read. */
  get stale(): readonly StaleKeys[] {
    return this.#shared.map(({ stale }) => stale);
  }

  /** The table as it is read; undefined before it was joined. */
  readingOf(table: number): Pick<SharedTable, "positions" | "ends" | "whole"> | undefined {
    return this.#shared[table];
  }

  /** By table: how many topologies of this process have its rows in common. */
  get users(): readonly number[] {
    return this.#shared.map(({ users }) => users);
  }

  /** End offsets of all global topics now: a target for {@link reached}. */
  async ends(): Promise<ReadonlyMap<string, readonly number[]>> {
    const ends = new Map<string, readonly number[]>();
    for (const table of this.#options.tables) {
      ends.set(table.source.topic, (await this.#options.log.offsets(table.source.topic)).end);
    }
    return ends;
  }

  /** Whether everything below these offsets has been read and evaluated. */
  reached(ends: ReadonlyMap<string, readonly number[]>): boolean {
    return this.#evaluated && !this.#failed &&
      this.#options.tables.every(({ source }, index) =>
        (ends.get(source.topic) ?? []).every((end, partition) => this.#shared[index].positions[partition] >= end)
      );
  }

  /** Records below these offsets that are not read yet, and rows that were there and are not evaluated yet. */
  behind(ends: ReadonlyMap<string, readonly number[]>): number {
    let records = this.#options.globals.unevaluated;
    this.#shared.forEach(({ positions }, index) => {
      const { topic } = this.#options.tables[index].source;
      ends.get(topic)?.forEach((end, partition) => records += Math.max(0, end - positions[partition]));
    });
    return records;
  }

  /** End offsets of all global topics as known at the last read. */
  get knownEnds(): ReadonlyMap<string, readonly number[]> {
    return new Map(this.#shared.map(({ ends }, index) => [this.#options.tables[index].source.topic, ends]));
  }

  /** Records not read yet, as known at the last read, and rows that were there and are not evaluated yet. */
  get lag(): number {
    return this.behind(this.knownEnds);
  }

  /** Leaves the tables. Those that others use stay. */
  stop(): Promise<void> {
    return this.#left ??= this.#leave();
  }

  async #leave(): Promise<void> {
    this.#stopped = true;
    const left = this.#shared.map((table, index) => table.leave(this.#users[index]));
    this.#options.globals.leave();
    await Promise.all(left);
  }
}
