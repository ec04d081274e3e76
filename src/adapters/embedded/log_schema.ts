/** Written into the file; raised when the tables change. */
export const LOG_VERSION = 1;

// Pages of 16 KiB hold a Debezium record of 4 KiB without an overflow page. The exclusive mode keeps other processes out, for the
// offsets known here would be wrong beside another writer, and it needs no shared memory file. NORMAL loses nothing to kill -9: what
// is committed is with the operating system. Checkpoints of 2 MiB take 10 ms; SQLite's own 16 MiB (at this page size) took 50.
export const LOG_PRAGMAS = [
  "PRAGMA page_size = 16384",
  "PRAGMA locking_mode = EXCLUSIVE",
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = NORMAL",
  "PRAGMA wal_autocheckpoint = 128",
  "PRAGMA journal_size_limit = 67108864",
  "PRAGMA cache_size = -65536",
];

/** The log's tables; a record lies beside the others of its partition. */
export const LOG_SCHEMA = [
  `CREATE TABLE IF NOT EXISTS topics (
    row_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE, -- NULL: deleted, the records are still to be removed
    id TEXT NOT NULL,
    compacted INTEGER NOT NULL,
    retention_ms INTEGER NOT NULL,
    delete_retention_ms INTEGER NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS partitions (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    start_offset INTEGER NOT NULL DEFAULT 0,
    end_offset INTEGER NOT NULL DEFAULT 0,
    compacted_to INTEGER NOT NULL DEFAULT 0,
    live INTEGER NOT NULL DEFAULT 0, -- records below compacted_to when compaction last passed
    largest INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS records (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    key,
    value,
    PRIMARY KEY (topic, partition, "offset")
  ) WITHOUT ROWID`,
  // Topics whose records are in memory; the end offsets of their partitions are reservations.
  "CREATE TABLE IF NOT EXISTS transient_topics (topic INTEGER PRIMARY KEY)",
  `CREATE TABLE IF NOT EXISTS cleanings (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    to_offset INTEGER NOT NULL,
    cleaned_at_ms INTEGER NOT NULL,
    PRIMARY KEY (topic, partition, to_offset)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS positions (
    "group" TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    PRIMARY KEY ("group", topic, partition)
  ) WITHOUT ROWID`,
];
