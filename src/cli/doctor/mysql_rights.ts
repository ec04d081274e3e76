import { mysqlName, mysqlRows } from "../verify/mysql_client.ts";
import { type Findings, mysql } from "./finding.ts";
import type { MysqlLook } from "./mysql_look.ts";
import { tableOf } from "./needs.ts";

/** Rights of the connector, each by the names that it may have, and what fails without it. */
const GLOBAL = [
  [["REPLICATION SLAVE"], "the binlog cannot be read"],
  [["REPLICATION CLIENT", "BINLOG MONITOR"], "it cannot ask where the binlog stands"],
  [["RELOAD"], "it cannot lock tables at the begin of a snapshot"],
  [["SHOW DATABASES"], "it does not see the databases"],
] as const;

const USER_SQL = "SELECT grantee, privilege_type FROM information_schema.user_privileges " +
  "WHERE SUBSTRING_INDEX(grantee, '@', 1) = ?";
const SELECT_SQL = "SELECT table_schema, NULL FROM information_schema.schema_privileges " +
  "WHERE SUBSTRING_INDEX(grantee, '@', 1) = ? AND privilege_type = 'SELECT' UNION ALL " +
  "SELECT table_schema, table_name FROM information_schema.table_privileges " +
  "WHERE SUBSTRING_INDEX(grantee, '@', 1) = ? AND privilege_type = 'SELECT'";

/** Whether the connector's user may do what it does. */
export async function checkMysqlRights(findings: Findings, { client, needs, connector }: MysqlLook): Promise<void> {
  const user = connector.settings?.["database.user"];
  if (user === undefined || user.startsWith("${")) {
    const why = user === undefined
      ? "the connector's user is not known: set CONNECT_URL"
      : "the connector's settings name its user by a secret";
    return findings.notChecked(["rights", "database.user"], why);
  }
  const name = literal(user);
  const rows = await mysqlRows(client, { sql: USER_SQL, values: [name] });
  const grantee = rows[0]?.[0];
  if (grantee === undefined || grantee === null) {
    const why = "there is no such user, or the rights of others may not be seen from here: connect as that user, or " +
      "GRANT SELECT ON mysql.* to this one";
    return findings.notChecked(["rights", user], why);
  }
  const rights = new Set(rows.map(([, right]) => right!));
  for (const [names, without] of GLOBAL) {
    const [right] = names;
    if (names.some((one) => rights.has(one))) findings.ok(["rights", `${right} of ${user}`]);
    else {
      findings.wrong(["rights", `${right} of ${user}`], {
        text: `${grantee} has it not: ${without}`,
        repair: mysql(`GRANT ${right} ON *.* TO ${grantee}`),
      });
    }
  }
  const readable = await mysqlRows(client, { sql: SELECT_SQL, values: [name, name] });
  for (const topic of needs.captured.keys()) {
    const place = tableOf(topic);
    if (place === null) continue;
    const title = `${place.schema}.${place.table}`;
    const may = rights.has("SELECT") ||
      // A name of a database may be a pattern, in which an underscore is escaped.
      readable.some(([schema, table]) =>
        schema!.replaceAll("\\", "") === place.schema && (table === null || table === place.table)
      );
    if (may) findings.ok(["rights", `SELECT of ${user} on ${title}`]);
    else {
      findings.wrong(["rights", `SELECT of ${user} on ${title}`], {
        text: `${grantee} has it not: a snapshot of the table fails`,
        repair: mysql(`GRANT SELECT ON ${mysqlName(place.schema)}.${mysqlName(place.table)} TO ${grantee}`),
      });
    }
  }
}

/** A user's name as grantees have it. */
function literal(user: string): string {
  return `'${user.replaceAll("'", "''")}'`;
}
