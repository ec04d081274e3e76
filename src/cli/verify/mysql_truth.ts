import type { SourceSpec } from "../../dsl/source.ts";
import { ConfigError } from "../../record/errors.ts";
import type { MysqlConfiguration } from "../config/database_variables.ts";
import { connectMysql, type MysqlClient, mysqlName, mysqlRows } from "./mysql_client.ts";
import { type MysqlColumn, selectExpression, type ToWire, wireOf } from "./mysql_values.ts";
import type { Truth, WireRow } from "./truth.ts";
import { wireRowOf } from "./wire_row.ts";

const COLUMNS_SQL = "SELECT CAST(column_name AS CHAR), LOWER(CAST(data_type AS CHAR)), " +
  "CAST(numeric_precision AS CHAR), CAST(is_nullable AS CHAR), CAST(column_default AS CHAR) " +
  "FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position";

type TextRow = readonly (string | null)[];

/**
 * All tables of a MySQL or MariaDB server at one instant: one transaction with a consistent snapshot, that reads only.
 * The table of topic `<prefix>.<database>.<table>` is `<database>.<table>`.
 * @throws ConfigError when the database cannot be reached
 */
export async function openMysqlTruth(configuration: MysqlConfiguration): Promise<Truth> {
  const client = await connectMysql(configuration);
  await client.query({ sql: "SET time_zone = '+00:00'" });
  await client.query({ sql: "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ" });
  await client.query({ sql: "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY" });
  const { host } = new URL(configuration.url);
  return {
    name: `MySQL ${host}`,
    rows: (source) => readTable(client, source),
    close: () => client.end(),
  };
}

async function readTable(client: MysqlClient, source: SourceSpec): Promise<WireRow[]> {
  const [database, table] = source.topic.split(".").slice(-2);
  const found = await mysqlRows(client, { sql: COLUMNS_SQL, values: [database, table] });
  if (found.length === 0 || source.topic.split(".").length < 3) {
    throw new ConfigError([
      `Cannot verify topic "${source.topic}": there is no table "${database}.${table}" that this user may read. ` +
      "A topic is <prefix>.<database>.<table>",
    ]);
  }
  const columns = wantedColumns(source, found.map(columnOf));
  const expressions = columns.map(({ column }) => selectExpression(column, mysqlName(column.name)));
  const sql = `SELECT ${expressions.join(", ")} FROM ${mysqlName(database)}.${mysqlName(table)}`;
  const rows = await mysqlRows(client, { sql });
  return rows.map((values) =>
    wireRowOf(
      source.key,
      new Map(columns.map(({ column, wire }, place) => {
        const value = values[place];
        return [column.name, value === null ? "null" : wire(value) ?? "null"];
      })),
    )
  );
}

interface WireColumn {
  readonly column: MysqlColumn;
  readonly wire: ToWire;
}

/** The columns that the topology reads. Those that the table lacks are left out: the decoder says so. */
function wantedColumns(source: SourceSpec, columns: readonly MysqlColumn[]): WireColumn[] {
  const wanted = new Set([...source.key, ...Object.keys(source.row.shape)]);
  const chosen = columns.filter(({ name }) => wanted.has(name)).map((column) => ({ column, wire: wireOf(column) }));
  const unknown = chosen.filter(({ wire }) => wire === null).map(({ column: { name, type } }) =>
    `Cannot verify column "${name}" of "${source.topic}": its type ${type} is not known here`
  );
  if (unknown.length > 0) throw new ConfigError(unknown);
  return chosen as WireColumn[];
}

function columnOf([name, type, length, nullable, fallback]: TextRow): MysqlColumn {
  return {
    name: name!,
    type: type!,
    length: length === null ? null : Number(length),
    nullable: nullable === "YES",
    fallback: fallback === "NULL" ? null : fallback,
  };
}
