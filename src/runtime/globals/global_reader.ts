import type { Clock } from "../../ports/clock.ts";
import type { Fetched, Log, LogRecord, Position, Reader } from "../../ports/log.ts";
import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import { isRetriable, retry, STOPPED } from "../../ports/retry.ts";
import { DeserializationError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { GlobalTable } from "../../plan/physical.ts";
import { ChangeReader } from "./change_reader.ts";
import type { Globals } from "./globals.ts";
import { type SharedDecoder, sharedDecoder } from "./shared_decoders.ts";
import type { StaleKeys } from "../../state/stale_keys.ts";

const POLL_MS = 250;
const RETRY_MS = 1_000;
/** Records or rows of one turn of the event loop. */
const SLICE_RECORDS = 250;

/** A record that could not be read. */
export interface Unreadable {
  readonly table: GlobalTable;
  readonly position: Position;
  readonly record: LogRecord;
  /** Whose change it is; null if that cannot be read, either. */
  readonly key: Key | null;
  readonly error: DeserializationError;
}

/** What a global reader needs. */
export interface GlobalReaderOptions {
  readonly tables: readonly GlobalTable[];
  readonly globals: Globals;
  readonly log: Log;
  readonly clock: Clock;
  readonly onUndecodable: (unreadable: Unreadable) => void;
  /** A change of this key was read, of which the last one could not be read. */
  readonly onMended: (table: GlobalTable, key: Key) => void;
  /** A column is probably read in the wrong unit. */
  readonly onDoubt: (table: string, doubt: UnitDoubt) => void;
  /** Rows changed or positions moved on. */
  readonly onProgress: () => void;
  readonly onState: (problem: string | null) => void;
  /** A topic's log no longer has the position read to: all that was built on it must be built again. */
  readonly onLost: (topic: string) => void;
  readonly onFatal: (error: Error) => void;
}

/** Reads all partitions of all global topics for as long as the topology runs. */
export class GlobalReader {
  readonly #options: GlobalReaderOptions;
  readonly #reader: Reader;
  /** By table. */
  readonly #decoders: readonly SharedDecoder[];
  /** By table. */
  readonly #readers: readonly ChangeReader[];
  /** Keys of each table whose last change could not be read. */
  readonly stale: readonly StaleKeys[];
  /** Positions by topic, then partition. */
  readonly #positions = new Map<string, number[]>();
  #ends = new Map<string, number[]>();
  /** Partitions that cannot be read at the moment, and why. */
  readonly #troubled = new Map<string, string>();
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(options: GlobalReaderOptions) {
    this.#options = options;
    this.#reader = options.log.reader();
    const { globals, log } = options;
    this.#decoders = options.tables.map((table) =>
      sharedDecoder(table, { log, onDoubt: (doubt) => options.onDoubt(table.name, doubt) })
    );
    this.#readers = options.tables.map((table, index) =>
      new ChangeReader(table.name, {
        decoder: this.#decoders[index],
        rows: {
          held: (key) => globals.row(index, key),
          set: (key, row) => globals.change(index, key, row),
          onMended: (key) => options.onMended(table, key),
        },
      })
    );
    this.stale = this.#readers.map(({ stale }) => stale);
  }

  /** Begins to read from the start of the topics. */
  async start(): Promise<void> {
    for (const table of this.#options.tables) {
      const { start, end } = await this.#options.log.offsets(table.source.topic);
      this.#positions.set(table.source.topic, [...start]);
      this.#ends.set(table.source.topic, [...end]);
      start.forEach((offset, partition) => this.#reader.seek(table.source.topic, partition, offset));
    }
    if (this.#options.tables.length > 0) this.#done = this.#run().catch((error) => this.#options.onFatal(error));
  }

  /** End offsets of all global topics now: a target for {@link reached}. */
  async ends(): Promise<ReadonlyMap<string, readonly number[]>> {
    const ends = new Map<string, readonly number[]>();
    for (const table of this.#options.tables) {
      ends.set(table.source.topic, (await this.#options.log.offsets(table.source.topic)).end);
    }
    return ends;
  }

  /** Whether everything below these offsets has been read. */
  reached(ends: ReadonlyMap<string, readonly number[]>): boolean {
    for (const [topic, offsets] of ends) {
      const positions = this.#positions.get(topic);
      if (positions === undefined || offsets.some((end, partition) => positions[partition] < end)) return false;
    }
    return true;
  }

  /** Records below these offsets that are not read yet. */
  behind(ends: ReadonlyMap<string, readonly number[]>): number {
    let records = 0;
    for (const [topic, offsets] of ends) {
      const positions = this.#positions.get(topic)!;
      offsets.forEach((end, partition) => records += Math.max(0, end - positions[partition]));
    }
    return records;
  }

  /** End offsets of all global topics as known at the last read. */
  get knownEnds(): ReadonlyMap<string, readonly number[]> {
    return this.#ends;
  }

  /** Records not read yet, as known at the last read. */
  get lag(): number {
    return this.behind(this.#ends);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#reader.close();
    await this.#done;
    for (const decoder of this.#decoders) decoder.close();
  }

  async #run(): Promise<void> {
    const { clock, onLost, onState } = this.#options;
    const stopped = () => this.#stopped;
    while (!this.#stopped) {
      const lost = await retry(() => this.#read(), {
        clock,
        firstMs: RETRY_MS,
        lastMs: RETRY_MS,
        // Else the reader has given a partition up, or met a bug: a table that is not whole must not be looked up.
        retriable: (error) => stopped() || isRetriable(error),
        onState: (error) => onState(error?.message ?? null),
        stopped,
      });
      if (lost !== null && lost !== STOPPED) return onLost(lost);
    }
  }

  /** Takes what is fetched. Resolves to the topic whose log no longer has the position read to, or null. */
  async #read(): Promise<string | null> {
    const { clock, globals } = this.#options;
    for (const fetched of await this.#reader.poll(POLL_MS)) {
      const position = this.#positions.get(fetched.topic)![fetched.partition];
      if (fetched.outOfRange !== undefined || fetched.fromOffset !== position) return fetched.topic;
      if (this.#tellTrouble(fetched)) continue;
      this.#decoders[this.#tableOf(fetched.topic)].expect(fetched.records);
      for (let first = 0; first < fetched.records.length; first += SLICE_RECORDS) {
        this.#take(fetched.topic, fetched.partition, fetched.records.slice(first, first + SLICE_RECORDS));
        await clock.breathe();
      }
      // What the records change counts as read when it is evaluated.
      while (globals.work(SLICE_RECORDS)) await clock.breathe();
      if (this.#stopped) return null;
      this.#positions.get(fetched.topic)![fetched.partition] = fetched.nextOffset;
      this.#ends.get(fetched.topic)![fetched.partition] = fetched.endOffset;
      this.#options.onProgress();
      await clock.breathe();
    }
    return null;
  }

  /** Whether the partition cannot be read; told when that changes. */
  #tellTrouble({ topic, partition, problem }: Fetched): boolean {
    const name = `${topic}/${partition}`;
    if (problem === undefined && !this.#troubled.delete(name)) return false;
    if (problem !== undefined) this.#troubled.set(name, problem);
    this.#options.onState(this.#troubled.values().next().value ?? null);
    return problem !== undefined;
  }

  #tableOf(topic: string): number {
    return this.#options.tables.findIndex((candidate) => candidate.source.topic === topic);
  }

  #take(topic: string, partition: number, records: readonly LogRecord[]): void {
    const { tables, globals, onUndecodable } = this.#options;
    const index = this.#tableOf(topic);
    const reader = this.#readers[index];
    for (const record of records) {
      globals.reading = { topic, partition, offset: record.offset };
      try {
        reader.take(record);
      } catch (error) {
        if (!(error instanceof DeserializationError)) throw error;
        onUndecodable({
          table: tables[index],
          position: globals.reading,
          record,
          key: reader.keyOf(record.key),
          error,
        });
      }
    }
    globals.reading = null;
  }
}
