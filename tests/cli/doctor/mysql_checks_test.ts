import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { Secret } from "../../../src/cli/config/secret.ts";
import { shell } from "../../../src/cli/doctor/finding.ts";
import { checkMysql } from "../../../src/cli/doctor/mysql_checks.ts";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { hasMariadb, startMariadb } from "../../values/mariadb_server.ts";

const row = z.object({ id: z.int() });
const needs = needsOf([
  topology("t", (builder) => {
    for (const table of ["orders", "keyless", "none"]) {
      const source = debezium(`maria.shop.${table}`, { key: ["id"], row });
      builder.table(source).to(clickhouse(table, { key: ["id"], columns: { id: "Int64" } }));
    }
  }),
], { generation: 1 });

const WRONG = [
  "--log-bin=binlog",
  "--binlog-format=STATEMENT",
  "--binlog-row-image=MINIMAL",
  "--server-id=4711",
  "--binlog-expire-logs-seconds=3600",
];

const settings = { "database.user": "debezium", "database.server.id": "4711" };
const connector = { settings, patch: (changed: object) => shell(JSON.stringify(changed)) };

const options = { ignore: !hasMariadb() };

Deno.test("checkMysql() names what is wrong, and its statements put it right", options, async () => {
  const server = await startMariadb(WRONG);
  try {
    await server.query(
      "CREATE DATABASE shop",
      "CREATE TABLE shop.orders (id INT PRIMARY KEY)",
      "CREATE TABLE shop.keyless (id INT)",
      "CREATE USER debezium@'%' IDENTIFIED BY 'geheim'",
      "GRANT REPLICATION SLAVE ON *.* TO debezium@'%'",
      "GRANT SELECT ON shop.keyless TO debezium@'%'",
    );
    const url = `mysql://root@127.0.0.1:${server.port}`;
    const look = async (changed = settings) => {
      const report = await checkMysql({ url, password: undefined, ca: null }, {
        needs,
        connector: { ...connector, settings: changed },
      });
      return report.findings;
    };
    const found = await look();
    const told = found.filter(({ verdict }) => verdict !== "ok")
      .map(({ check, subject, verdict }) => `${verdict} ${check} ${subject}`);
    assertEquals(told, [
      "wrong mysql.binlog_format binlog_format",
      "wrong mysql.binlog_row_image binlog_row_image",
      "wrong mysql.server_id database.server.id",
      "warning mysql.binlog_retention binlog_expire_logs_seconds",
      "warning mysql.primary_key shop.keyless",
      "wrong mysql.table shop.none",
      "wrong mysql.rights REPLICATION CLIENT of debezium",
      "wrong mysql.rights RELOAD of debezium",
      "wrong mysql.rights SHOW DATABASES of debezium",
      "wrong mysql.rights SELECT of debezium on shop.orders",
      "wrong mysql.rights SELECT of debezium on shop.none",
    ]);
    await server.query("ALTER TABLE shop.keyless ADD PRIMARY KEY (id)", "CREATE TABLE shop.none (id INT PRIMARY KEY)");
    let changed: typeof settings = settings;
    for (const { repair } of found) {
      if (repair?.where === "mysql") await server.query(repair.statement);
      if (repair?.where === "shell") changed = { ...settings, ...JSON.parse(repair.statement) };
    }
    assertEquals((await look(changed)).filter(({ verdict }) => verdict !== "ok"), []);
  } finally {
    await server.close();
  }
});

Deno.test("checkMysql() says what cannot be read, what it does not know, and no password", options, async () => {
  const server = await startMariadb();
  try {
    await server.query("CREATE USER visitor@'%' IDENTIFIED BY 'geheim'");
    const url = `mysql://visitor@127.0.0.1:${server.port}`;
    const look = async (password: string, known: typeof connector | { settings: null; patch: null }) =>
      (await checkMysql({ url, password: new Secret(password), ca: null }, { needs, connector: known })).findings;
    const findings = await look("geheim", connector);
    const of = (check: string) => findings.find((finding) => finding.check === `mysql.${check}`)!;
    assertEquals([of("log_bin").verdict, of("binlog_retention").verdict], ["wrong", "warning"]);
    assertStringIncludes(of("binlog_retention").text, "never removed");
    assertEquals(of("rights").verdict, "not checked");
    assertStringIncludes(of("rights").text, "may not be seen from here");
    const unknown = await look("geheim", { settings: null, patch: null });
    assertStringIncludes(unknown.find(({ check }) => check === "mysql.rights")!.text, "set CONNECT_URL");
    const refused = await look("geheim#2", connector);
    assertEquals(refused.map(({ check, verdict }) => `${check} ${verdict}`), ["mysql.reachable wrong"]);
    assertEquals(JSON.stringify([...findings, ...refused]).includes("geheim"), false);
  } finally {
    await server.close();
  }
});
