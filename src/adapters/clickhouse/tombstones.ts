import { ProductionError } from "../../record/errors.ts";
import { onCluster } from "./cluster.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { literal, qualified } from "./table_sql.ts";

/** A table of Weir's, and how many of its rows are deleted ones. */
export interface StoredRows {
  /** With `_rows` at its end. */
  readonly name: string;
  /** Rows as stored, older versions that are not merged away yet included. */
  readonly rows: number;
  readonly tombstones: number;
}

const CLEANUP_SETTING = "allow_experimental_replacing_merge_with_cleanup";
/** ClickHouse could not merge all parts now, because it is merging some of them. */
const CANNOT_ASSIGN_OPTIMIZE = "388";
const ATTEMPTS = 5;

/** All tables of the database that Weir writes, by name. */
export async function countTombstones({ connection, database }: ConnectedDatabase): Promise<StoredRows[]> {
  const action = `count the deleted rows of "${database}"`;
  const tables = await connection.select(
    action,
    `SELECT name FROM system.tables WHERE database = ${literal(database)} AND endsWith(name, '_rows') ` +
      "AND match(engine_full, 'ReplacingMergeTree\\\\((.*, )?_version, _deleted\\\\)') ORDER BY name",
  );
  const counted: StoredRows[] = [];
  for (const { name } of tables) {
    const target = qualified(database, String(name));
    const [row] = await connection.select(
      action,
      `SELECT count() AS rows, countIf(_deleted = 1) AS deleted FROM ${target}`,
    );
    counted.push({ name: String(name), rows: Number(row.rows), tombstones: Number(row.deleted) });
  }
  return counted;
}

/**
 * Merges the table into one part, in which only the newest version of each key is left, and of deleted keys nothing.
 * The merges that ClickHouse does by itself keep the newest version also if it is a tombstone: an older version may be
 * in another part. Here none is, as all parts are merged.
 *
 * An INSERT that was sent before a tombstone and arrives after its removal shows its rows again. Such rows are found
 * and deleted by the next comparison (every ten minutes) of the task that wrote them.
 *
 * Takes as long as reading and writing the whole table, and as much free disk.
 * @throws ProductionError when ClickHouse refuses, or is merging parts of the table all the time
 */
export async function removeTombstones(
  { connection, database, cluster }: ConnectedDatabase,
  name: string,
): Promise<void> {
  const target = qualified(database, name);
  const action = `remove the deleted rows of "${database}.${name}"`;
  await connection.command(action, `ALTER TABLE ${target}${onCluster(cluster)} MODIFY SETTING ${CLEANUP_SETTING} = 1`);
  for (let attempt = 1;; attempt++) {
    try {
      return await connection.command(
        action,
        `OPTIMIZE TABLE ${target} FINAL CLEANUP SETTINGS optimize_throw_if_noop = 1`,
      );
    } catch (error) {
      const busy = error instanceof ProductionError && error.message.includes(`answered ${CANNOT_ASSIGN_OPTIMIZE} `);
      if (!busy || attempt === ATTEMPTS) throw error;
    }
  }
}
