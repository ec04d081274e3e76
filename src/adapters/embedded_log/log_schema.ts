/** Written into the file; raised when the tables change. */
export const LOG_VERSION = 2;

/** What makes a file of an older version one of this, by that version. */
export const LOG_UPGRADES: Readonly<Record<number, readonly string[]>> = {
  1: ["ALTER TABLE records ADD COLUMN headers"],
};

// Pages of 8 KiB hold a Debezium record of 2 KiB without an overflow page; the last page of every partition is written
// again with each append, so larger ones write more. The exclusive mode keeps other processes out, for the offsets
// known here would be wrong beside another writer, and it needs no shared memory file. NORMAL loses nothing to kill -9:
// what is committed is with the operating system. A checkpoint of 8 MiB holds those last pages many times over, and
// copies each once.
export const LOG_PRAGMAS = [
  "PRAGMA page_size = 8192",
  "PRAGMA locking_mode = EXCLUSIVE",
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = NORMAL",
  "PRAGMA wal_autocheckpoint = 1024",
  "PRAGMA journal_size_limit = 67108864",
  "PRAGMA cache_size = -65536",
];

/** Tables of which rows belong to a topic. */
export const TABLES_BY_TOPIC = [
  ...["records", "partitions", "cleanings", "openings"],
  ...["transient_topics", "message_limits", "header_topics"],
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
    headers, -- as the port packs them; NULL: none
    PRIMARY KEY (topic, partition, "offset")
  ) WITHOUT ROWID`,
  // Topics of which a record has headers: those of others are not looked for.
  "CREATE TABLE IF NOT EXISTS header_topics (topic INTEGER PRIMARY KEY)",
  // Each opening of the file has a random number, noted where its first record of a partition stands: a file restored
  // from a copy lacks those that came after.
  `CREATE TABLE IF NOT EXISTS openings (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    start_offset INTEGER NOT NULL,
    opening INTEGER NOT NULL,
    PRIMARY KEY (topic, partition, start_offset)
  ) WITHOUT ROWID`,
  // Topics whose records are in memory; the end offsets of their partitions are reservations.
  "CREATE TABLE IF NOT EXISTS transient_topics (topic INTEGER PRIMARY KEY)",
  // Of topics that have a limit of their own.
  "CREATE TABLE IF NOT EXISTS message_limits (topic INTEGER PRIMARY KEY, message_bytes_max INTEGER NOT NULL)",
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
  `CREATE TABLE IF NOT EXISTS progress (
    "group" TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY ("group", topic, partition)
  ) WITHOUT ROWID`,
];
