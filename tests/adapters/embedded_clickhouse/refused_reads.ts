/** What the tests of both entries plant outside of the databases, and refer to in statements. */
export interface Outside {
  /** A file of the process's user. */
  readonly file: string;
  /** A directory in which nothing may come into being. */
  readonly directory: string;
  /** An address that somebody listens on, who counts connections. */
  readonly address: string;
}

/** What the file holds: no answer may tell it. */
export const SECRET = "s3cr3t-of-the-owner";

/** What whoever writes has made: what these reach, they reach for whoever reads, too. */
export function preparations({ file }: Outside): readonly string[] {
  return [
    "CREATE TABLE things (id Int64, name String, at DateTime64(6)) ENGINE = MergeTree ORDER BY id",
    `INSERT INTO things SELECT number, concat('name ', toString(number)), toDateTime64(number, 6) FROM numbers(10)`,
    `CREATE TABLE uploads (path String, \`file\` String) ENGINE = MergeTree ORDER BY path`,
    `INSERT INTO uploads VALUES ('${file}', 'x')`,
    "CREATE VIEW named AS SELECT id, name FROM things",
    `CREATE VIEW one_file AS SELECT file('${file}') AS text`,
    "CREATE VIEW any_file AS SELECT file({path:String}) AS text",
    "CREATE VIEW over_it AS SELECT text FROM one_file",
    `CREATE VIEW applied AS SELECT * APPLY file FROM (SELECT '${file}' AS path)`,
    `CREATE VIEW from_file AS SELECT * FROM file('${file}', 'LineAsString')`,
    "CREATE TABLE with_alias (path String, text String ALIAS file(path)) ENGINE = MergeTree ORDER BY path",
    `INSERT INTO with_alias VALUES ('${file}')`,
    "CREATE FUNCTION read_it AS (path) -> file(path)",
    "CREATE FUNCTION twice AS (x) -> x * 2",
    `CREATE TABLE engine_of_file (line String) ENGINE = File(LineAsString, '${file}')`,
    "CREATE DICTIONARY words (id UInt64, word String) PRIMARY KEY id " +
    `SOURCE(FILE(path '${file}' format 'TSV')) LAYOUT(FLAT()) LIFETIME(0)`,
  ];
}

/** Statements that reach outside of the databases, however they are written. */
export function reachingOutside(outside: Outside): readonly string[] {
  return [
    ...byFunctions(outside),
    ...inClauses(outside),
    ...byWhatOthersMade(outside),
    ...inTablesPlaces(outside),
    ...byTableFunctions(outside),
    ...byTextsAndSettings(outside),
    ...OF_OTHERS,
  ];
}

/** Functions that read files. */
function byFunctions({ file }: Outside): readonly string[] {
  const quoted = `'${file}'`;
  return [
    `SELECT file(${quoted})`,
    `SELECT \`file\`(${quoted})`,
    `SELECT "file"(${quoted})`,
    `SELECT \u201cfile\u201d(${quoted})`,
    `SELECT \`fi\\x6ce\`(${quoted})`,
    `SELECT file /* a comment */ (${quoted})`,
    `SELECT file -- a comment\n(${quoted})`,
    `SELECT file(concat('${file.slice(0, 3)}', '${file.slice(3)}'))`,
    `SELECT extractAll(file(${quoted}), '.*')`,
    `SELECT upper(path), file(path) FROM uploads`,
    `WITH (SELECT file(${quoted})) AS text SELECT text`,
    `WITH few AS (SELECT file(${quoted}) AS text) SELECT * FROM few`,
    `WITH x -> file(x) AS reads SELECT reads(${quoted})`,
    `WITH file AS reads SELECT arrayMap(reads, [${quoted}])`,
    `SELECT arrayMap(x -> file(x), [${quoted}])`,
    `SELECT arrayMap(file, [${quoted}])`,
    `SELECT arrayMap(\`file\`, [${quoted}])`,
    `SELECT * APPLY file FROM (SELECT ${quoted})`,
    `SELECT * APPLY(\`file\`) FROM (SELECT ${quoted})`,
    `SELECT * APPLY(x -> file(x)) FROM (SELECT ${quoted})`,
    `SELECT * REPLACE(file(a) AS a) FROM (SELECT ${quoted} AS a)`,
    `SELECT COLUMNS('path') APPLY file FROM uploads`,
    `SELECT catboostEvaluate(${quoted}, 1)`,
    `SELECT dictGet('words', 'word', toUInt64(1))`,
    `SELECT dictHas('words', toUInt64(1))`,
    "SELECT aiGenerate('a question')",
    "SELECT showCertificate()",
    "SELECT addressToLine(1)",
  ];
}

/** The same, wherever a statement may have an expression. */
function inClauses({ file }: Outside): readonly string[] {
  const quoted = `'${file}'`;
  return [
    `SELECT 1 FROM numbers(length(file(${quoted})))`,
    `SELECT count() FROM things WHERE file(${quoted}) LIKE 's%'`,
    `SELECT name FROM things ORDER BY file(${quoted}) LIMIT 1`,
    `SELECT count() FROM things GROUP BY file(${quoted})`,
    `SELECT sum(id) OVER (PARTITION BY file(${quoted})) FROM things`,
    `SELECT id FROM things ORDER BY id WITH FILL INTERPOLATE (name AS file(${quoted}))`,
    `SELECT 1 IN (SELECT length(file(${quoted})))`,
    `SELECT 1 LIMIT length(file(${quoted}))`,
    `(SELECT file(${quoted}))`,
    `(file(${quoted}))`,
    `FROM things SELECT file(${quoted})`,
    `SELECT 1 UNION ALL SELECT length(file(${quoted}))`,
    `SHOW TABLES WHERE file(${quoted}) LIKE 's%'`,
    `SHOW COLUMNS FROM things WHERE file(${quoted}) LIKE 's%'`,
    `DESCRIBE TABLE (SELECT file(${quoted}))`,
    `EXPLAIN SELECT file(${quoted})`,
    `EXPLAIN QUERY TREE SELECT file(${quoted})`,
    `EXPLAIN PLAN actions = 1 SELECT file(${quoted})`,
    `EXPLAIN SYNTAX SELECT file(${quoted})`,
  ];
}

/** What others have made that reads files. */
function byWhatOthersMade({ file }: Outside): readonly string[] {
  const quoted = `'${file}'`;
  return [
    "SELECT * FROM one_file",
    `SELECT * FROM any_file(path = ${quoted})`,
    "SELECT * FROM over_it",
    "SELECT * FROM `over_it` AS o JOIN things AS t ON t.name = o.text",
    "SELECT * FROM applied",
    "SELECT * FROM from_file",
    "SELECT text FROM with_alias",
    `SELECT read_it(${quoted})`,
    "SELECT * FROM engine_of_file",
    "SELECT * FROM words",
    "SELECT * FROM dictionary('words')",
  ];
}

/** Files in the place of tables. */
function inTablesPlaces({ file }: Outside): readonly string[] {
  const quoted = `'${file}'`;
  return [
    `SELECT * FROM ${quoted}`,
    `SELECT * FROM "${file}"`,
    `SELECT * FROM \u201c${file}\u201d`,
    `SELECT * FROM default."${file}"`,
    `SELECT * FROM things, \`${file}\``,
    `SELECT '1' IN \`${file}\``,
    `DESCRIBE ${quoted}`,
    `DESCRIBE TABLE "${file}"`,
    `EXISTS TABLE "${file}"`,
    `EXISTS "${file}"`,
    `SHOW CREATE TABLE "${file}"`,
    `SELECT hasColumnInTable('default', ${quoted}, 'x')`,
  ];
}

function byTableFunctions({ file, directory, address }: Outside): readonly string[] {
  const quoted = `'${file}'`;
  return [
    `SELECT * FROM file(${quoted}, 'LineAsString')`,
    `SELECT * FROM FILE(${quoted}, 'LineAsString')`,
    `SELECT * FROM \`file\`(${quoted}, LineAsString)`,
    `SELECT 1 IN file(${quoted}, 'LineAsString')`,
    `DESCRIBE file(${quoted})`,
    `DESCRIBE TABLE file(${quoted}, 'LineAsString')`,
    `SELECT * FROM fileCluster('default', ${quoted}, 'LineAsString')`,
    `SELECT * FROM filesystem('${directory}')`,
    `DESCRIBE filesystem('${directory}')`,
    `SELECT * FROM url('${address}/a.csv', 'CSV', 'a String')`,
    `DESCRIBE url('${address}/a.csv')`,
    `DESCRIBE TABLE s3('${address}/bucket/key.csv')`,
    `SELECT * FROM s3('${address}/bucket/key.csv', 'CSV', 'a String')`,
    `DESCRIBE gcs('${address}/bucket/key.csv')`,
    `DESCRIBE deltaLake('${address}/bucket/table')`,
    `DESCRIBE iceberg('${address}/bucket/table')`,
    `DESCRIBE icebergLocal('${directory}')`,
    `DESCRIBE hudi('${address}/bucket/table')`,
    `DESCRIBE azureBlobStorage('${address}', 'c', 'x.csv', 'n', 'k')`,
    `DESCRIBE mysql('${hostOf(address)}', 'a', 'b', 'c', 'd')`,
    `DESCRIBE postgresql('${hostOf(address)}', 'a', 'b', 'c', 'd')`,
    `DESCRIBE mongodb('${hostOf(address)}', 'a', 'b', 'c', 'd', 'a Int8')`,
    `DESCRIBE redis('${hostOf(address)}', 'a', 'a Int8')`,
    `SELECT * FROM remote('${hostOf(address)}', system.one)`,
    `DESCRIBE remote('${hostOf(address)}', system.one)`,
    `EXPLAIN TABLE OVERRIDE mysql('${hostOf(address)}', 'a', 'b', 'c', 'd') COLUMNS (a Int8)`,
    `SELECT * FROM sqlite('${directory}/made.db', 't')`,
    `DESCRIBE sqlite('${directory}/described.db', 't')`,
    `SELECT * FROM executable('id', TSV, 'x String')`,
    `SELECT * FROM format(LineAsString, 'x')`,
    "SELECT * FROM merge('system', '^processes$')",
    "SELECT * FROM loop('default', 'things') LIMIT 1",
    "SELECT * FROM input('a Int8')",
  ];
}

/** Statements in texts, settings of a part of a statement, and files for answers. */
function byTextsAndSettings({ file, directory }: Outside): readonly string[] {
  return [
    `SELECT * FROM eval('SELECT file(\\'${file}\\')')`,
    `SELECT * FROM (SELECT * FROM eval('SELECT 1') SETTINGS allow_experimental_eval_table_function = 1)`,
    "SELECT * FROM (SELECT 1 SETTINGS max_threads = 1)",
    "WITH few AS (SELECT 1 SETTINGS max_memory_usage = 0) SELECT * FROM few",
    "(SELECT 1 SETTINGS max_execution_time = 0) UNION ALL SELECT 2",
    "SELECT * FROM view(SELECT 1 SETTINGS max_threads = 1)",
    `SELECT formatRow('Template', 1) FROM (SELECT 1 SETTINGS format_template_row = '${file}')`,
    `SELECT 1 INTO OUTFILE '${directory}/out.csv'`,
    `SELECT 1 INTO /* */ OUTFILE '${directory}/out.csv' FORMAT CSV`,
  ];
}

/** What others run or hold, and what is no read. */
const OF_OTHERS: readonly string[] = [
  "SELECT query FROM system.processes",
  "SELECT query FROM `system`.`processes`",
  'SELECT query FROM "system"."proc\\x65sses"',
  "SHOW PROCESSLIST",
  "SELECT * FROM system.stack_trace",
  "SELECT * FROM system.query_log",
  "SELECT * FROM system.certificates",
  "SELECT * FROM system.named_collections",
  "SELECT * FROM system.users",
  "SHOW CREATE USER default",
  "SHOW GRANTS",
  "CREATE TEMPORARY TABLE mine (a Int8)",
  "WITH 1 AS x INSERT INTO things (id) SELECT x",
  "SELECT 1 AS a$$; DROP TABLE things; SELECT 2 AS b$$",
];

function hostOf(address: string): string {
  return new URL(address).host;
}

/** Statements of whoever only reads the databases. */
export const LEGITIMATE: readonly string[] = [
  "SELECT count() FROM things",
  "SELECT * FROM named ORDER BY id LIMIT 3",
  "SELECT * FROM default.things AS a JOIN named AS b ON a.id = b.id WHERE a.id IN (SELECT id FROM named)",
  "WITH few AS (SELECT id FROM things WHERE id < 3), 2 AS two SELECT sum(id) + two FROM few",
  "WITH x -> x + 1 AS more SELECT more(id) FROM things",
  "WITH RECURSIVE up AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM up WHERE n < 5) SELECT max(n) FROM up",
  "SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM things",
  "SELECT arrayJoin([1, 2]), arrayMap(x -> x * 2, [1]), arrayFilter((x, y) -> y, [1, 2], [0, 1])",
  "SELECT arrayMap(toString, [1])",
  "SELECT * APPLY toString FROM things",
  "SELECT toStartOfHour(at) AS hour, count(), quantile(0.9)(id) FROM things GROUP BY hour WITH TOTALS ORDER BY hour",
  'SELECT id AS `rows/s`, name AS "a/b" FROM things ORDER BY `rows/s`, "a/b"',
  "SELECT path, u.file FROM uploads AS u",
  "SELECT 'file(1) FROM system.processes SETTINGS a = 1' AS text -- url('x')",
  "SELECT name FROM things ORDER BY id WITH FILL LIMIT 1 BY id",
  "SELECT * FROM numbers(3)",
  "SELECT * FROM values('a Int8, b String', (1, 'x'))",
  "SELECT * FROM (VALUES (1), (2))",
  "SELECT count() FROM numbers_mt(3) UNION ALL SELECT count() FROM generate_series(1, 3)",
  "SELECT * FROM generateRandom('a Int8') LIMIT 1",
  "SELECT * FROM view(SELECT 1)",
  "SELECT twice(id) FROM things",
  "SELECT name FROM system.tables WHERE database = currentDatabase()",
  "SELECT name, type FROM system.columns WHERE table = 'things'",
  "SELECT sum(rows) FROM system.parts WHERE active",
  "SELECT settings FROM (SELECT 1 AS settings) WHERE settings = 1",
  "SELECT count() FROM system.settings",
  "SELECT table_name FROM information_schema.tables LIMIT 1",
  "SELECT version(), now(), getSetting('max_threads'), hostName()",
  "SELECT 'a' AS place, toString((SELECT name FROM things WHERE id = 1 LIMIT 1)) AS value\nUNION ALL\n" +
  "SELECT 'b' AS place, toString((SELECT id FROM named WHERE (id, name) IN (SELECT id, name FROM things) " +
  "LIMIT 1)) AS value",
  "SHOW TABLES",
  "SHOW TABLES LIKE 'th%'",
  "SHOW DATABASES",
  "SHOW CREATE TABLE things",
  "SHOW COLUMNS FROM things",
  "DESCRIBE things",
  "DESC TABLE named",
  "DESCRIBE TABLE (SELECT 1)",
  "EXISTS DATABASE default",
  "EXPLAIN SELECT count() FROM things",
  "EXPLAIN AST SELECT 1",
  "EXPLAIN QUERY TREE run_passes = 0 SELECT id FROM things",
  "EXPLAIN PIPELINE SELECT id FROM things",
  "EXPLAIN header = 1, indexes = 1 SELECT id FROM things WHERE id = 1",
  "(SELECT 1)",
  "FROM things SELECT count()",
];

/** A call of one function, which ClickHouse does not break off: minutes long. */
export const NEVER_ENDING =
  "SELECT sum(levenshteinDistance(repeat('a', 60000 + number), repeat('b', 60000))) FROM numbers(100)";
