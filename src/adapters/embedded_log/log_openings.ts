import type { DatabaseSync } from "node:sqlite";

/** A partition of a topic, and what is known of it. */
interface OpenedPartition {
  /** The topic's. */
  readonly rowId: number;
  readonly partition: number;
  /** Offset of the next record. */
  readonly end: number;
}

/** A number that no other opening has: a clock that was set back, or a copy of the file, gives none out again. */
function newOpening(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0x1fffff) * 2 ** 32 + low;
}

/** Which opening of the file wrote from where on, by partition: the log's leader epochs. */
export class LogOpenings {
  readonly #database: DatabaseSync;
  /** Of this opening. */
  readonly #number = newOpening();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * The opening that wrote to the partition last; null if none did, or that was before openings were noted. `topic`:
   * its row.
   */
  last(topic: number, partition: number): number | null {
    const sql = "SELECT opening FROM openings WHERE topic = ? AND partition = ? ORDER BY start_offset DESC LIMIT 1";
    const row = this.#database.prepare(sql).get(topic, partition);
    return row === undefined ? null : Number(row.opening);
  }

  /**
   * Within the transaction that appends to the partition: its present end is where this opening begins, unless it is
   * the one that wrote last. Returns its number.
   */
  note({ rowId, partition, end }: OpenedPartition, last: number | null): number {
    if (last === this.#number) return last;
    this.#database.prepare("INSERT INTO openings VALUES (?, ?, ?, ?)").run(rowId, partition, end, this.#number);
    return this.#number;
  }

  /** As `Log.epochEnds`, of one partition. */
  endOf({ rowId, partition, end }: OpenedPartition, opening: number): number {
    const sql = "SELECT start_offset FROM openings WHERE topic = ? AND partition = ? AND";
    const own = this.#database.prepare(`${sql} opening = ?`).get(rowId, partition, opening);
    if (own === undefined) return -1;
    const next = this.#database.prepare(`${sql} start_offset > ? ORDER BY start_offset LIMIT 1`)
      .get(rowId, partition, Number(own.start_offset));
    return next === undefined ? end : Number(next.start_offset);
  }
}
