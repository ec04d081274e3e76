import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import type { LogRecord, PartitionOffsets, Position, Reader, TopicDescription } from "../../ports/log.ts";
import { isRetriable, retry, STOPPED } from "../../ports/retry.ts";
import { DeserializationError } from "../../record/errors.ts";
import { SharedRows } from "../../state/shared_rows.ts";
import type { StaleKeys } from "../../state/stale_keys.ts";
import { ChangeReader, decoderOf } from "./change_reader.ts";
import { type DeclaredTable, isSame } from "./declared_table.ts";
import { TableCorrections } from "./table_corrections.ts";
import { TableTroubles } from "./table_troubles.ts";
import type { TablePlace, TableUser } from "./table_user.ts";
import { UnreadRecords } from "./unread_records.ts";

const POLL_MS = 250;
const RETRY_MS = 1_000;
/** Records that are taken, or rows that are evaluated, in one turn of the event loop, over all users. */
const SLICE_RECORDS = 250;
const SLICE_RECORDS_MIN = 25;

/** Why all must be read again. */
const GONE = "no longer has the position that was read";
const CORRECTED = "has corrections of records that could be read as they lay";

/**
 * A global table of one process: its topic is read and decoded once, its rows are held once, however many topologies
 * use it. All of them are told of a change in the turn in which it is made, so there is one position for all. It reads
 * from the first user's coming to the last one's leaving.
 */
export class SharedTable {
  readonly rows: SharedRows = new SharedRows();
  readonly #table: DeclaredTable;
  /** As the first user found it. */
  readonly place: TablePlace;
  readonly #reader: Reader;
  readonly #changes: ChangeReader;
  readonly #unread = new UnreadRecords();
  readonly #doubts: UnitDoubt[] = [];
  readonly #users = new Set<TableUser>();
  /** Next offset to read, by partition; and ends as known at the last read. */
  readonly #positions: number[];
  readonly #ends: number[];
  readonly #troubles = new TableTroubles((problem) => {
    for (const user of this.#users) user.problem(problem);
  });
  /** Everything that was written by then has been read; before that, when reading began. */
  #freshMs: number;
  readonly #onEnd: () => void;
  readonly #corrections: TableCorrections;
  #begun = false;
  #ended = false;
  #done: Promise<void> = Promise.resolve();

  /** `onEnd`: nobody can join any more. */
  constructor(table: DeclaredTable, place: TablePlace, onEnd: () => void) {
    this.#table = table;
    this.place = place;
    this.#onEnd = onEnd;
    this.#reader = place.log.reader();
    this.#corrections = new TableCorrections(place.corrections, place.topic);
    this.#positions = [...place.offsets.start];
    this.#ends = [...place.offsets.end];
    this.#freshMs = place.clock.nowMs();
    const decoder = decoderOf(table, (doubt) => {
      this.#doubts.push(doubt);
      for (const user of this.#users) user.doubt(doubt);
    });
    this.#changes = new ChangeReader(table.name, {
      decoder,
      columns: Object.keys(table.source.row.shape),
      rows: {
        held: (key) => this.rows.held(key),
        set: (key, row) => this.rows.set(key, row),
        onMended: (key, by) => {
          if (by === undefined || by.whole) this.#unread.mended(key);
          for (const user of this.#users) user.mended(key, by);
        },
      },
    });
  }

  /** Keys whose last change could not be read. */
  get stale(): StaleKeys {
    return this.#changes.stale;
  }

  /** How many use it. */
  get users(): number {
    return this.#users.size;
  }

  get positions(): readonly number[] {
    return this.#positions;
  }

  get ends(): readonly number[] {
    return this.#ends;
  }

  /** Whether everything has been read that was there when reading began. */
  get whole(): boolean {
    return this.#hasReached(this.place.offsets.end);
  }

  /** Whether it is read in this way, and may be joined. */
  declares(table: DeclaredTable): boolean {
    return !this.#ended && isSame(this.#table, table);
  }

  /**
   * Why a topology that comes to `place` must not use this table; null if it may: it holds what the topology would read
   * there from the start. So it is of the very same topic, which begins where it began, it has missed no tombstone, and
   * it can tell what could not be read.
   */
  whyUnfit({ topic, offsets }: TablePlace): string | null {
    const own = this.place;
    const { name, id } = topic;
    if (id === null) return `the log does not tell whether topic "${name}" is still the same`;
    if (id !== own.topic.id) return `topic "${name}" was made again since`;
    if (topic.partitions !== own.topic.partitions) return `topic "${name}" has another number of partitions`;
    if (offsets.start.some((start, partition) => start !== own.offsets.start[partition])) {
      return `topic "${name}" begins elsewhere now`;
    }
    if (!this.#unread.complete) return "too many of its records could not be read to tell of them again";
    if (!this.#isFresh(topic, offsets)) {
      return `it has not been at the end for more than half of delete.retention.ms of "${name}"`;
    }
    return null;
  }

  /** As `lifecycle/snapshot_head.ts` has it; a clock that was set back makes it too old, too. */
  #isFresh({ compacted, deleteRetentionMs }: TopicDescription, { end }: PartitionOffsets): boolean {
    if (!compacted || this.#hasReached(end)) return true;
    const ageMs = this.place.clock.nowMs() - this.#freshMs;
    return ageMs >= 0 && ageMs <= deleteRetentionMs / 2;
  }

  #hasReached(ends: readonly number[]): boolean {
    return this.#positions.every((position, partition) => position >= ends[partition]);
  }

  /** `user` is told of everything from now on, and first of what it would have met if it had read the topic itself. */
  join(user: TableUser): void {
    this.#users.add(user);
    this.rows.join(user);
    for (const doubt of this.#doubts) user.doubt(doubt);
    for (const unread of this.#unread.list()) user.unread(unread);
    if (this.#troubles.problem !== null) user.problem(this.#troubles.problem);
    if (this.#begun) return;
    this.#begun = true;
    const { topic } = this.#table.source;
    this.#positions.forEach((offset, partition) => this.#reader.seek(topic, partition, offset));
    this.#done = this.#run().finally(this.#corrections.listen()).catch((error) =>
      this.#end((user) => user.failed(error))
    );
  }

  /** `user` is told nothing more. Resolves when nothing of the table is left, if it was the last one. */
  async leave(user: TableUser): Promise<void> {
    this.rows.leave(user);
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#end(() => {});
    await this.#reader.close();
    await this.#done;
  }

  /** Nothing is read any more; those who use the rows keep them until they leave. */
  #end(tell: (user: TableUser) => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    for (const user of [...this.#users]) tell(user);
  }

  async #run(): Promise<void> {
    const stopped = () => this.#ended;
    while (!this.#ended) {
      const why = await retry(() => this.#read(), {
        clock: this.place.clock,
        firstMs: RETRY_MS,
        lastMs: RETRY_MS,
        // Else the reader has given a partition up, or met a bug: a table that is not whole must not be looked up.
        retriable: (error) => stopped() || isRetriable(error),
        onState: (error) => this.#troubles.unreachable(error?.message ?? null),
        stopped,
      });
      if (why === STOPPED) return;
      if (why !== null) this.#end((user) => user.lost(why));
    }
  }

  /** Takes what corrects records that were read. Returns false if only reading the topic again tells what changes. */
  async #correct(): Promise<boolean> {
    const known = this.#corrections.take(this.#changes, {
      positions: this.#positions,
      reading: (position) => this.#tellReading(position),
    });
    this.#tellReading(null);
    await this.#evaluated();
    for (const user of this.#users) user.moved();
    return known;
  }

  #tellReading(position: Position | null): void {
    for (const user of this.#users) user.reading(position);
  }

  /** Takes what is fetched. Resolves to why all must be read again, or to null. */
  async #read(): Promise<string | null> {
    const { clock } = this.place;
    if (this.#corrections.waits && !await this.#correct()) return CORRECTED;
    const polledMs = clock.nowMs();
    for (const fetched of await this.#reader.poll(POLL_MS)) {
      if (this.#ended) return null;
      const { partition, records } = fetched;
      if (fetched.outOfRange !== undefined || fetched.fromOffset !== this.#positions[partition]) return GONE;
      this.#troubles.note(fetched);
      if (fetched.problem !== undefined) continue;
      for (let first = 0; first < records.length && !this.#ended;) {
        const next = first + this.#sliceRecords;
        this.#take(partition, records.slice(first, next));
        first = next;
        await clock.breathe();
      }
      await this.#evaluated();
      if (this.#ended) return null;
      this.#positions[partition] = fetched.nextOffset;
      this.#ends[partition] = fetched.endOffset;
      for (const user of this.#users) user.moved();
      await clock.breathe();
    }
    if (this.#troubles.none && this.#hasReached(this.#ends)) this.#freshMs = polledMs;
    return null;
  }

  /** What the records changed counts as read when all users have evaluated it. */
  async #evaluated(): Promise<void> {
    for (const user of [...this.#users]) {
      while (this.#users.has(user) && this.#work(user)) await this.place.clock.breathe();
    }
  }

  #work(user: TableUser): boolean {
    try {
      return user.work(SLICE_RECORDS);
    } catch (error) {
      this.rows.leave(user);
      user.failed(error as Error);
      return false;
    }
  }

  get #sliceRecords(): number {
    return Math.max(SLICE_RECORDS_MIN, Math.floor(SLICE_RECORDS / Math.max(1, this.#users.size)));
  }

  #take(partition: number, records: readonly LogRecord[]): void {
    const { topic } = this.#table.source;
    const corrections = this.#corrections.of(partition);
    for (const record of records) {
      const position = { topic, partition, offset: record.offset };
      this.#tellReading(position);
      try {
        this.#changes.take(record, corrections);
      } catch (error) {
        if (!(error instanceof DeserializationError)) throw error;
        const unread = { position, record, key: this.#changes.keyOf(record.key), error };
        this.#unread.add(unread);
        for (const user of this.#users) user.unread(unread);
      }
    }
    this.#tellReading(null);
  }
}
