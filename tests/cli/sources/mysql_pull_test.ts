import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openMysqlTruth } from "../../../src/cli/verify/mysql_truth.ts";
import { Secret } from "../../../src/cli/config/secret.ts";
import { createDecoder } from "../../../src/formats/decoder.ts";
import type { Source } from "../../../src/dsl/source.ts";
import { hasMariadb, type MariadbServer, startMariadb } from "../../values/mariadb_server.ts";
import { deno, runWeir, type Said } from "./run_sources.ts";

const SCHEMA = [
  "CREATE DATABASE shop CHARACTER SET utf8mb4",
  "CREATE DATABASE other",
  `CREATE TABLE shop.kinds (
    tiny TINYINT NOT NULL, utiny TINYINT UNSIGNED, yes TINYINT(1) NOT NULL COMMENT 'Agreed?',
    small SMALLINT UNSIGNED, medium MEDIUMINT,
    plain INT UNSIGNED NOT NULL, big BIGINT, ubig BIGINT UNSIGNED NOT NULL,
    exact DECIMAL(12, 2) COMMENT 'What it costs.\n\nIn euros.', whole DECIMAL(40), wide DECIMAL(50, 10),
    real_one FLOAT, real_two FLOAT(7, 3),
    double_one DOUBLE, one_bit BIT, bits BIT(60), code CHAR(3), note VARCHAR(20), long_note LONGTEXT, raw BINARY(4),
    var_raw VARBINARY(9), picture MEDIUMBLOB, mood ENUM('sad', 'it''s, ok', 'very "happy"') NOT NULL,
    tags SET('a', 'b c'), day DATE, at DATETIME NOT NULL, at6 DATETIME(6), stamped TIMESTAMP(3) NULL, took TIME(2),
    made YEAR, doc JSON, spot POINT, \`odd name\` TEXT, doubled BIGINT AS (plain * 2) PERSISTENT,
    PRIMARY KEY (ubig, code)) COMMENT 'Every type */ there is.'`,
  `INSERT INTO shop.kinds (tiny, utiny, yes, small, medium, plain, big, ubig, exact, whole, wide, real_one, real_two,
    double_one, one_bit, bits, code, note, long_note, raw, var_raw, picture, mood, tags, day, at, at6, stamped, took,
    made, doc, \`odd name\`) VALUES (-128, 255, 1, 65535, -8388608, 4294967295, -9223372036854775808, 9007199254740993,
    1.50, 1234567890123456789012345678901234567890, 1234567890123456789012345678901234567890.5, 0.1, 1.125, 0.1, 1,
    1152921504606846975, 'ab', 'n', 'l', 'ab', 'abc', 'x', 'it''s, ok', 'a,b c', '2024-02-29', '2024-01-02 03:04:05',
    '2024-01-02 03:04:05.678901', '2024-01-02 03:04:05.678', '-12:00:01.5', 2024, '{"a": 1}', 'o')`,
  "INSERT INTO shop.kinds (tiny, yes, plain, ubig, code, mood, at) VALUES (0, 0, 0, 1, 'x', 'sad', now())",
  "CREATE TABLE shop.keyless (a INT)",
  "CREATE TABLE shop.unique_one (code VARCHAR(9) NOT NULL UNIQUE, spare INT UNIQUE)",
  "CREATE TABLE shop.debezium_signal (id VARCHAR(42) PRIMARY KEY)",
  "CREATE VIEW shop.seen AS SELECT tiny FROM shop.kinds",
  "CREATE TABLE other.kinds (id INT PRIMARY KEY)",
  "CREATE USER visitor@'%' IDENTIFIED BY 'geheim#1'",
  "GRANT SELECT ON shop.* TO visitor@'%'",
];

interface Place {
  readonly server: MariadbServer;
  readonly folder: string;
  readonly url: string;
  pull(...args: string[]): Promise<Said>;
}

async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const server = await startMariadb();
  const folder = await Deno.makeTempDir({ prefix: "weir-pull-" });
  const url = `mysql://visitor@127.0.0.1:${server.port}`;
  const env = { SOURCE_DATABASE_URL: url, SOURCE_DATABASE_PASSWORD: "geheim#1" };
  try {
    await server.query(...SCHEMA);
    await use({
      ...{ server, folder, url },
      pull: (...args) => runWeir(["sources", "pull", ...args], { cwd: folder, env }),
    });
  } finally {
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const options = { ignore: !hasMariadb() };

const LINES = [
  "/** Every type *\\/ there is. */",
  '  key: ["ubig", "code"],',
  "    tiny: mysql.tinyint(),\n    utiny: mysql.tinyint().nullable(),",
  "     * TINYINT(1): if it holds more than 0 and 1, declare mysql.tinyint().\n     */\n    yes: mysql.bool(),",
  "    small: mysql.smallint().nullable(),\n    medium: mysql.mediumint().nullable(),\n    plain: mysql.int(),",
  "    big: mysql.bigint().nullable(),",
  '    ubig: mysql.bigint("unsigned"),',
  "     * What it costs.\n     * In euros.\n     */\n    exact: mysql.decimal(12, 2).nullable(),",
  "    whole: mysql.decimal(40).nullable(),",
  "    wide: z.string().nullable(),",
  "    real_one: mysql.float().nullable(),\n    real_two: mysql.float(3).nullable(),",
  "    one_bit: mysql.bit().nullable(),\n    bits: mysql.bit(60).nullable(),",
  "    raw: mysql.binary().nullable(),\n    var_raw: mysql.varbinary().nullable(),",
  "    picture: mysql.blob().nullable(),",
  `    mood: z.enum(["sad", "it's, ok", 'very "happy"']),`,
  '    tags: mysql.set("a", "b c").nullable(),',
  "    at: mysql.datetime(),\n    at6: mysql.datetime(6).nullable(),\n    stamped: mysql.timestamp(3).nullable(),",
  "    made: mysql.year().nullable(),\n    doc: mysql.json().nullable(),",
  "    // spot: left out, point has no type in Weir",
  "    // doubled: left out, the database computes it",
  '    "odd name": z.string().nullable(),',
  'export const uniqueOne = debezium("shop.shop.unique_one", {',
];

Deno.test("sources pull writes a file of MySQL's types that reads the real rows", options, async () => {
  await withPlace(async ({ folder, pull, url }) => {
    const said = await pull("--prefix", "shop");
    assertEquals(said.status, 0, said.err);
    const path = `${folder}/sources.ts`;
    const text = await Deno.readTextFile(path);
    for (const line of LINES) assertStringIncludes(text, line);
    assertStringIncludes(said.err, "shop.keyless: not declared, it has no primary key");
    assertStringIncludes(said.err, "Left out as Debezium's own: debezium_signal");
    assert(!/seen|otherKinds/.test(text), "a view has no binlog, and of the other database the user has no right");
    assertEquals((await deno("check", [path])).err, "");
    assertEquals((await deno("fmt", [path])).err, "Checked 1 file\n");
    const { kinds } = await import(`file://${path}`) as { kinds: Source<never, never> };
    const { name: source, key, row, format } = kinds.spec;
    const decoder = createDecoder({ source, key, row, format });
    const truth = await openMysqlTruth({ url, password: new Secret("geheim#1"), ca: null });
    try {
      const rows = [...await truth.rows(kinds.spec)];
      assertEquals(rows.length, 2);
      for (const { key, after } of rows) decoder.decode({ key, value: `{"op":"r","after":${after}}` });
    } finally {
      await truth.close();
    }
  });
});

Deno.test("sources pull tells what has changed in MySQL, and keeps what was changed by hand", options, async () => {
  await withPlace(async ({ server, folder, pull }) => {
    const args = ["--prefix", "shop", "--tables", "shop.unique_one"];
    await pull(...args);
    const path = `${folder}/sources.ts`;
    const edited = (await Deno.readTextFile(path)).replace("code: z.string()", "code: z.string().max(9)");
    await Deno.writeTextFile(path, edited);
    await server.query(
      "ALTER TABLE shop.unique_one ADD added DATETIME(3) NOT NULL COMMENT 'When.', MODIFY spare BIGINT UNIQUE, " +
        "MODIFY code VARCHAR(20) NOT NULL",
      "CREATE TABLE shop.late (id INT PRIMARY KEY)",
    );
    args[3] += ",shop.late";
    const told = await pull(...args);
    assertEquals([told.status, await Deno.readTextFile(path)], [1, edited], told.err);
    for (
      const line of [
        "kept     shop.unique_one.code: z.string().max(9) by hand, the database has z.string()",
        "differs  shop.unique_one.spare: now mysql.bigint().nullable(), declared is mysql.int().nullable()",
        "differs  shop.unique_one.added: new column, mysql.datetime(3)",
        "differs  shop.late: new table of 1 columns",
      ]
    ) assertStringIncludes(told.out, line);
    const taken = await pull(...args, "--write");
    assertEquals(taken.status, 0, taken.out);
    const after = await Deno.readTextFile(path);
    assertEquals([...after.matchAll(/^import /gm)].length, 3);
    assertStringIncludes(after, "code: z.string().max(9),");
    assertStringIncludes(after, "    /** When. */\n    added: mysql.datetime(3),");
    assertEquals((await deno("check", [path])).err, "");
    assertEquals((await pull(...args)).status, 0);
  });
});

Deno.test("sources pull from MySQL says what is wrong, and no password", options, async (t) => {
  await withPlace(async ({ folder, pull, server }) => {
    const of = (url: string, ...args: string[]) =>
      runWeir(["sources", "pull", ...args], { cwd: folder, env: { SOURCE_DATABASE_URL: url } });
    const cases: readonly [name: string, said: () => Promise<Said>, text: string][] = [
      ["nobody listens", () => of("mysql://v:geheim%231@127.0.0.1:1/x"), "Cannot connect to MySQL"],
      ["a wrong password", () => of(`mysql://visitor:geheim@127.0.0.1:${server.port}`), "Access denied"],
      ["no such table", () => pull("--tables", "kindz"), 'Cannot find table "kindz" in the server: there is shop.'],
      ["a database without rights", () => pull("--schema", "other"), 'Cannot find a table in database "other"'],
      ["what it has not", () => pull("--publication", "p"), "Cannot use --publication with MySQL"],
      ["another database", () => pull("--from", "postgres"), "no database of postgres is configured"],
    ];
    for (const [name, run, text] of cases) {
      await t.step(name, async () => {
        const { status, out, err } = await run();
        assert(status !== 0);
        assertStringIncludes(err, text);
        assert(!`${out}${err}`.includes("geheim"), "the password is not shown");
      });
    }
  });
});
