import mysql from "mysql2/promise";
import { exists, installed, run } from "./artifacts.ts";
import { type ConnectorConfig, putConnector } from "./connector.ts";
import type { StackLayout } from "./layout.ts";
import type { Launch } from "./process.ts";
import { stackSecrets } from "./secrets.ts";

/** Whom the connector and `verify` connect as. */
const MARIADB_USER = "debezium";

/**
 * What the server says that it is. Of a version as MariaDB's own Debezium's MySQL connector and its driver ask for what
 * MySQL 8 has and MariaDB lacks.
 */
const CLAIMED_VERSION = "5.7.19";

/** Makes the data directory once. */
export async function initialiseMariadb(layout: StackLayout): Promise<void> {
  const folder = `${layout.data}/mariadb`;
  if (exists(`${folder}/mysql`)) return;
  await Deno.mkdir(folder, { recursive: true });
  const options = [
    "--no-defaults",
    `--datadir=${folder}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
  ];
  await run("mariadb-install-db", [...options, ...asOwner()]);
  const { debezium } = stackSecrets(layout);
  const grants = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, RELOAD, SHOW DATABASES, LOCK TABLES, SUPER, " +
    "BINLOG ADMIN, REPLICATION SLAVE, BINLOG MONITOR";
  // Root without a password is for this moment alone.
  await Deno.writeTextFile(
    `${folder}/init.sql`,
    `CREATE USER IF NOT EXISTS '${MARIADB_USER}'@'%' IDENTIFIED BY '${debezium}';\n` +
      `GRANT ${grants} ON *.* TO '${MARIADB_USER}'@'%';\nALTER USER 'root'@'localhost' ACCOUNT LOCK;\n`,
    { mode: 0o600 },
  );
  await Deno.writeTextFile(`${folder}/my.cnf`, `[mysqld]\nversion=${CLAIMED_VERSION}\n`);
}

export function mariadbLaunch({ data, ports }: StackLayout): Launch {
  const folder = `${data}/mariadb`;
  const options = [
    `--defaults-file=${folder}/my.cnf`,
    `--datadir=${folder}`,
    `--init-file=${folder}/init.sql`,
    `--port=${ports.mariadb}`,
    "--bind-address=127.0.0.1",
    // A socket's path has a length limit that a deep project folder exceeds.
    `--socket=/tmp/weir-mariadb-${ports.mariadb}.sock`,
    `--pid-file=${folder}/server.pid`,
  ];
  const binlog = ["--log-bin=binlog", "--server-id=1", "--binlog-format=ROW", "--binlog-row-image=FULL"];
  const kept = ["--binlog-expire-logs-seconds=604800"];
  const text = ["--character-set-server=utf8mb4", "--default-time-zone=+00:00"];
  // Nothing here must survive a power failure.
  return {
    program: "mariadbd",
    args: [...options, ...binlog, ...kept, ...text, "--innodb-flush-log-at-trx-commit=0", ...asOwner()],
  };
}

/** Runs statements one after the other, as the connector's user. */
export async function mariadb(
  layout: StackLayout,
  { database, statements }: { readonly database?: string; readonly statements: readonly string[] },
): Promise<void> {
  const connection = await mysql.createConnection({
    host: "127.0.0.1",
    port: layout.ports.mariadb,
    user: MARIADB_USER,
    password: stackSecrets(layout).debezium,
    database,
    timezone: "Z",
  });
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

/** Whether the server answers. Rejects otherwise. */
export async function mariadbAnswers(layout: StackLayout): Promise<boolean> {
  await mariadb(layout, { statements: ["SELECT 1"] });
  return true;
}

/** The address for `MYSQL_URL`, without the password. */
export function mariadbUrl({ ports }: StackLayout): string {
  return `mysql://${MARIADB_USER}@127.0.0.1:${ports.mariadb}`;
}

/** Registers Debezium's MySQL connector for a database. */
export async function registerMysqlConnector(
  layout: StackLayout,
  { name, database, change = {} }: {
    readonly name: string;
    readonly database: string;
    readonly change?: ConnectorConfig;
  },
): Promise<void> {
  const properties = `${layout.secrets}/debezium.properties`;
  await putConnector(layout, {
    name,
    "connector.class": "io.debezium.connector.mysql.MySqlConnector",
    "tasks.max": "1",
    "database.hostname": "127.0.0.1",
    "database.port": String(layout.ports.mariadb),
    "database.user": MARIADB_USER,
    "database.password": `\${file:${properties}:password}`,
    "database.server.id": "4711",
    "database.include.list": database,
    "topic.prefix": name,
    "schema.history.internal.kafka.bootstrap.servers": `127.0.0.1:${layout.ports.kafkaInternal}`,
    "schema.history.internal.kafka.topic": `${name}_schema_history`,
    "include.schema.changes": "false",
    "decimal.handling.mode": "string",
    "bigint.unsigned.handling.mode": "precise",
    "binary.handling.mode": "base64",
    "poll.interval.ms": "50",
    "key.converter.schemas.enable": "false",
    "value.converter.schemas.enable": "false",
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.replace.null.with.default": "false",
    "topic.creation.default.replication.factor": "1",
    "topic.creation.default.partitions": "3",
    "topic.creation.default.cleanup.policy": "compact",
    ...change,
  });
}

/** `null` if the server and its connector can be started, otherwise why not, and what to do. */
export function mariadbMissing(): string | null {
  // mariadb-install-db asks the client's package for its programs.
  if (["mariadbd", "mariadb-install-db", "my_print_defaults"].every(installed)) return null;
  return "MariaDB is not installed and is left out: apt-get install --no-install-recommends mariadb-server-core " +
    "mariadb-client-core";
}

/** Root must be told that it means itself. */
function asOwner(): string[] {
  return Deno.uid() === 0 ? ["--user=root"] : [];
}
