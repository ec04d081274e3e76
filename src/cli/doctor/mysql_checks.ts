import type { MysqlConfiguration } from "../config/database_variables.ts";
import { connectMysql, type MysqlClient, mysqlRows } from "../verify/mysql_client.ts";
import { Findings, mysql, reasonOf } from "./finding.ts";
import type { MysqlLook } from "./mysql_look.ts";
import { checkMysqlRights } from "./mysql_rights.ts";
import { tableOf } from "./needs.ts";
import type { ServerReport } from "./server_report.ts";

/** Binlogs that are kept for less are gone after a weekend's outage of the connector. */
const KEPT_SECONDS_MIN = 86_400;
/** What is proposed. */
const KEPT_SECONDS = 604_800;
const DAY_SECONDS = 86_400;

const VARIABLES = [
  "log_bin",
  "binlog_format",
  "binlog_row_image",
  "server_id",
  "binlog_expire_logs_seconds",
  "expire_logs_days",
];

/** Looks at MySQL or MariaDB, and changes nothing. */
export async function checkMysql(
  configuration: MysqlConfiguration,
  { needs, connector }: Omit<MysqlLook, "client">,
): Promise<ServerReport> {
  const findings = new Findings("mysql");
  const { host } = new URL(configuration.url);
  let client: MysqlClient;
  try {
    client = await connectMysql(configuration, "look at it");
  } catch (error) {
    findings.wrong(["reachable", "MySQL"], { text: reasonOf(error) });
    return { findings: findings.found, time: null };
  }
  try {
    const askedMs = Date.now();
    const [[version, now]] = await mysqlRows(client, {
      sql: "SELECT VERSION(), CAST(ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) AS CHAR)",
    });
    const answeredMs = Date.now();
    findings.ok(["reachable", host], String(version));
    const variables = new Map(
      (await mysqlRows(client, { sql: `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${quotedList(VARIABLES)})` }))
        .map(([name, value]) => [name!, value!] as const),
    );
    checkBinlog(findings, variables);
    checkServerId(findings, { variables, connector });
    checkRetention(findings, variables);
    const look = { client, needs, connector };
    await checkTables(findings, look);
    await checkMysqlRights(findings, look);
    return { findings: findings.found, time: { server: "MySQL", timeMs: Number(now), askedMs, answeredMs } };
  } catch (error) {
    findings.notChecked(["rest", host], `a question failed: ${reasonOf(error)}`);
    return { findings: findings.found, time: null };
  } finally {
    await client.end();
  }
}

type Variables = ReadonlyMap<string, string>;

function checkBinlog(findings: Findings, variables: Variables): void {
  if (variables.get("log_bin") === "ON") findings.ok(["log_bin", "log_bin"], "ON");
  else {
    findings.wrong(["log_bin", "log_bin"], {
      text: "it is OFF: there are no changes to be read. Set log_bin=binlog in the server's file, and restart it",
    });
  }
  for (const [check, wanted, why] of BINLOG) {
    const value = variables.get(check) ?? "not known";
    if (value === wanted) findings.ok([check, check], value);
    else {
      findings.wrong([check, check], {
        text: `it is ${value}: ${why}. Set it in the server's file, too; sessions that are open keep theirs`,
        repair: mysql(`SET GLOBAL ${check} = '${wanted}'`),
      });
    }
  }
}

const BINLOG = [
  ["binlog_format", "ROW", "changes are written as statements, which say of no row what it is now"],
  ["binlog_row_image", "FULL", "rows of changes lack columns, which arrive as null or not at all"],
] as const;

function checkServerId(
  findings: Findings,
  { variables, connector }: Pick<MysqlLook, "connector"> & { readonly variables: Variables },
): void {
  const id = Number(variables.get("server_id") ?? 0);
  const own = connector.settings?.["database.server.id"];
  if (id === 0) {
    return findings.wrong(["server_id", "server_id"], {
      text: "it is 0: the server gives its binlog to nobody",
      repair: mysql("SET GLOBAL server_id = 1"),
    });
  }
  if (own !== undefined && Number(own) === id) {
    return findings.wrong(["server_id", "database.server.id"], {
      text: `the connector has the server's own, ${id}: whoever has it already is cut off`,
      ...connector.patch === null ? {} : { repair: connector.patch({ "database.server.id": String(id + 5_000) }) },
    });
  }
  findings.ok(["server_id", own === undefined ? "server_id" : "database.server.id"], own ?? String(id));
}

function checkRetention(findings: Findings, variables: Variables): void {
  const seconds = Number(variables.get("binlog_expire_logs_seconds") ?? 0) ||
    Number(variables.get("expire_logs_days") ?? 0) * DAY_SECONDS;
  const name = variables.has("binlog_expire_logs_seconds") ? "binlog_expire_logs_seconds" : "expire_logs_days";
  if (seconds >= KEPT_SECONDS_MIN) {
    return findings.ok(["binlog_retention", name], `${(seconds / DAY_SECONDS).toFixed(1)} days`);
  }
  const value = name === "expire_logs_days" ? KEPT_SECONDS / DAY_SECONDS : KEPT_SECONDS;
  const text = seconds === 0
    ? "binlogs are never removed, until the disk is full"
    : `binlogs are removed after ${
      (seconds / 3_600).toFixed(1)
    } hours: a connector that was away for longer needs a new ` +
      "snapshot";
  findings.warn(["binlog_retention", name], { text, repair: mysql(`SET GLOBAL ${name} = ${value}`) });
}

const TABLE_SQL = "SELECT COUNT(*), SUM(s.index_name = 'PRIMARY') FROM information_schema.tables t " +
  "LEFT JOIN information_schema.statistics s ON s.table_schema = t.table_schema AND s.table_name = t.table_name " +
  "WHERE t.table_schema = ? AND t.table_name = ? AND t.table_type = 'BASE TABLE'";

async function checkTables(findings: Findings, { client, needs }: MysqlLook): Promise<void> {
  for (const topic of needs.captured.keys()) {
    const place = tableOf(topic);
    if (place === null) {
      findings.notChecked(
        ["table", topic],
        "a topic of Debezium's is <prefix>.<database>.<table>: whose it is, is not known",
      );
      continue;
    }
    const title = `${place.schema}.${place.table}`;
    const [[count, primary]] = await mysqlRows(client, { sql: TABLE_SQL, values: [place.schema, place.table] });
    if (Number(count) === 0) {
      findings.wrong(["table", title], {
        text: `there is no such table, or this user has no right to it, which "${topic}" would be of`,
      });
    } else if (Number(primary ?? 0) === 0) {
      findings.warn(["primary_key", title], {
        text: "it has no primary key: its records have one only if a unique index or message.key.columns gives it. " +
          "Give it one, ALTER TABLE ... ADD PRIMARY KEY",
      });
    } else findings.ok(["table", title]);
  }
}

function quotedList(texts: readonly string[]): string {
  return texts.map((text) => `'${text}'`).join(", ");
}
