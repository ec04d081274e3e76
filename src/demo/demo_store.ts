import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Picker } from "./picks.ts";
import type { PerTable, Rows, TableName } from "./schema.ts";
import type { StoreSizes } from "./seed_rows.ts";
import type { OnProgress } from "./snapshot.ts";
import type { StoreView } from "./store_view.ts";
import type { Transaction } from "./transaction.ts";

export interface DemoStoreOptions {
  /** The store's own file. `:memory:` keeps nothing, and its rows must only be read while nothing runs. */
  readonly path: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Of a new store 1 if absent; of an existing one its own. Another one than the file's is refused. */
  readonly seed?: number;
  /** Of topics yet to be created. */
  readonly partitions?: number;
  /** Of a new store; an existing one keeps its rows. */
  readonly sizes?: Partial<StoreSizes>;
  /** Of a new store: from this number of orders on, the oldest is archived for each one placed. */
  readonly ordersMax?: number;
}

export interface DemoRunOptions {
  /** Creates, updates and deletes a second; 0 writes nothing and sends what is left. 500 if absent. */
  readonly ratePerSecond?: number;
  readonly signal: AbortSignal;
}

export interface ChangeOptions {
  /** What is sent instead of a record's value, as a connector with a fault would. Rows are not touched by it. */
  readonly sentAs?: (value: string) => string;
}

/**
 * A seeded online store that behaves as PostgreSQL with Debezium behind it. Every transaction is committed to the
 * store's own file together with the records that tell of it (the outbox); records are sent in the order of commits and
 * removed once acknowledged. So after a crash at any moment some records are sent again, as Debezium does, none is
 * lost, and once the outbox is empty each table's topic, read to its end, says what `rows` says. Beside the tables it
 * tells what people do in the shop, and payments: events, of which one that is sent again counts again. Only one of
 * `snapshot`, `write`, `change`, `run` and `flush` may be under way.
 */
export interface DemoStore {
  readonly seed: number;
  /** When the last change was committed, in milliseconds since the epoch; `null` before the first one. */
  readonly lastChangeMs: number | null;
  createTopics(): Promise<void>;
  /**
   * Sends every row as an `r` record unless that has been done; an interrupted snapshot starts again from the first
   * row. It is repeated when a topic has been found empty (`snapshot.mode=when_needed`). Then sends what the outbox
   * still holds.
   * @throws ConfigError when a topic is missing, or when this store never sent anything and a topic holds records all
   * the same
   * @throws ProductionError when the log refuses for good; whatever `signal` was aborted with
   */
  snapshot(onProgress?: OnProgress, signal?: AbortSignal): Promise<void>;
  /** Commits transactions until at least `changes` more changes are written, and sends them. */
  write(changes: number): Promise<void>;
  /**
   * Writes changes at a steady rate until `signal` is aborted, then sends the rest and resolves. While the log is away
   * the store waits, and makes up for one second of it.
   * @throws ProductionError when the log refuses for good
   */
  run(options: DemoRunOptions): Promise<void>;
  /** What `find` finds in the rows as they are now. It must not wait, and its choices differ from moment to moment. */
  look<T>(find: (rows: Picker) => T): T;
  /**
   * Commits one transaction that is none of the store's own, as somebody at a desk would, and sends its records.
   * Nothing happened when `run` throws.
   */
  change<T>(run: (tx: Transaction) => T, options?: ChangeOptions): Promise<T>;
  /** Sends what the outbox holds. */
  flush(): Promise<void>;
  /** Rows of each table now. */
  counts(): PerTable;
  /** Changes committed since the store was made: neither snapshot rows nor tombstones. */
  changesWritten(): number;
  /**
   * A table's rows at the instant of the first step, whatever is written meanwhile. Use `view` for several tables at
   * one instant.
   */
  rows<T extends TableName>(table: T): Iterable<Rows[T]>;
  /** All tables as they are now. */
  view(): StoreView;
  /** Closes the file; what was not sent is sent at the next start. Await `run` before. */
  close(): void;
}
