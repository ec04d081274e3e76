import type { DatabaseSync } from "node:sqlite";
import type { Position, Progress } from "../../ports/log.ts";

/**
 * What groups have committed: positions for monitoring, and progress, in two tables, so that neither is ever written in
 * the other's place. To be called inside a transaction of the log's, where it writes.
 */
export class LogPositions {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  save(group: string, { topic, partition, offset }: Position): void {
    const sql = "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)";
    this.#database.prepare(sql).run(group, topic, partition, offset);
  }

  advance(group: string, { topic, partition, offset, note }: Progress): void {
    const sql = "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?)";
    this.#database.prepare(sql).run(group, topic, partition, offset, note);
  }

  /** Null when the partition was never advanced. */
  progress(group: string, { topic, partition }: Pick<Position, "topic" | "partition">): Progress | null {
    const sql = `SELECT "offset", note FROM progress WHERE "group" = ? AND topic = ? AND partition = ?`;
    const row = this.#database.prepare(sql).get(group, topic, partition);
    return row === undefined ? null : { topic, partition, offset: Number(row.offset), note: String(row.note) };
  }

  /** Ordered by topic and partition; of a partition that was advanced, how far that is. */
  all(group: string): Position[] {
    const sql = `SELECT topic, partition, "offset" FROM progress WHERE "group" = ?1
      UNION ALL SELECT topic, partition, "offset" FROM positions WHERE "group" = ?1
        AND (topic, partition) NOT IN (SELECT topic, partition FROM progress WHERE "group" = ?1)
      ORDER BY topic, partition`;
    return this.#database.prepare(sql).all(group)
      .map((row) => ({ topic: String(row.topic), partition: Number(row.partition), offset: Number(row.offset) }));
  }

  /** The topic is deleted, and what was committed of it with it. */
  forget(topic: string): void {
    for (const table of ["positions", "progress"]) {
      this.#database.prepare(`DELETE FROM ${table} WHERE topic = ?`).run(topic);
    }
  }
}
