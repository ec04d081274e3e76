import { connect, type ConnectedDatabase } from "../../adapters/clickhouse/connection.ts";
import type { ConnectionOptions } from "../../adapters/clickhouse/open_clickhouse.ts";
import { wantedAppendTable } from "../../adapters/clickhouse/ensure_append_table.ts";
import { quoted } from "../../record/clickhouse_names.ts";
import { inspectShape, type WantedShape } from "../../adapters/clickhouse/ensure_shape.ts";
import { wantedTable } from "../../adapters/clickhouse/ensure_table.ts";
import { withoutPassword } from "../config/secret.ts";
import { clickhouse, Findings, reasonOf } from "./finding.ts";
import type { Needs } from "./needs.ts";
import type { ServerReport, ServerTime } from "./server_report.ts";

/** The first version that is tested. */
const VERSION_MIN = [25, 8] as const;
const RIGHTS = ["SELECT", "INSERT", "CREATE TABLE", "CREATE VIEW", "ALTER TABLE", "OPTIMIZE"];

/** Looks at the server and at the tables of sinks, and writes nothing. */
export async function checkClickHouse(options: ConnectionOptions, needs: Needs): Promise<ServerReport> {
  const findings = new Findings("clickhouse");
  const connection = connect(options);
  const { database } = options;
  const where = withoutPassword(options.url);
  let time: ServerTime | null = null;
  try {
    const askedMs = Date.now();
    const [server] = await connection.select(
      "ask ClickHouse who it is",
      "SELECT version() AS version, toString(toUnixTimestamp64Milli(now64(3))) AS now, currentUser() AS user, " +
        "toString(getSetting('readonly')) AS readonly",
    );
    time = { server: "ClickHouse", timeMs: Number(server.now), askedMs, answeredMs: Date.now() };
    findings.ok(["reachable", where]);
    checkVersion(findings, String(server.version));
    const user = String(server.user);
    // In a session that may only read, which the embedded server gives to questions, no other right is told.
    if (server.readonly === "0") await checkRights(findings, { connection, database, user });
    else findings.notChecked(["rights", user], "ClickHouse tells no rights to a session that may only read");
    const target = { connection, database };
    for (const table of needs.sinks) await checkTable(findings, { target, wanted: await wantedTable(target, table) });
    for (const table of needs.appends) {
      await checkTable(findings, { target, wanted: await wantedAppendTable(target, table) });
    }
  } catch (error) {
    if (time === null) findings.wrong(["reachable", where], { text: reasonOf(error) });
    else findings.notChecked(["rest", where], `a question failed: ${reasonOf(error)}`);
  } finally {
    await connection.close();
  }
  return { findings: findings.found, time };
}

function checkVersion(findings: Findings, version: string): void {
  const [major, minor] = version.split(".").map(Number);
  const least = VERSION_MIN.join(".");
  if (major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1])) {
    return findings.ok(["version", "ClickHouse"], version);
  }
  findings.wrong(["version", "ClickHouse"], { text: `it is ${version}: Weir needs ${least} or later` });
}

async function checkRights(findings: Findings, { connection, database, user }: ConnectedDatabase & { user: string }) {
  const on = `${name(database)}.*`;
  try {
    for (const right of RIGHTS) {
      // The statement takes no format.
      const answer = connection.bytes(`ask for the right ${right}`, `CHECK GRANT ${right} ON ${on}`);
      if ((await textOf(answer)).trim() === "1") findings.ok(["rights", `${right} ON ${on}`]);
      else {
        findings.wrong(["rights", `${right} ON ${on}`], {
          text: `"${user}" may not`,
          repair: clickhouse(`GRANT ${right} ON ${on} TO ${name(user)}`),
        });
      }
    }
  } catch (error) {
    findings.notChecked(["rights", user], `ClickHouse does not tell: ${reasonOf(error)}`);
  }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of bytes) text += decoder.decode(part, { stream: true });
  return text;
}

/** The statement that a problem's text ends with. */
const STATEMENT = /\b(?:RENAME|ALTER) TABLE .*?(?=;|$)/;

async function checkTable(
  findings: Findings,
  { target, wanted }: { readonly target: ConnectedDatabase; readonly wanted: WantedShape },
): Promise<void> {
  const subject = `${target.database}.${wanted.table.name}`;
  const shape = await inspectShape(target, wanted);
  if (shape === null) return findings.ok(["table", subject], "a start makes it");
  for (const text of shape.problems) {
    const statement = STATEMENT.exec(text)?.[0];
    findings.wrong(["table", subject], { text, ...statement === undefined ? {} : { repair: clickhouse(statement) } });
  }
  if (shape.problems.length > 0) return;
  const added = shape.added.length === 0 ? "" : `a start adds ${shape.added.join(", ")}`;
  findings.ok(["table", subject], added);
}

function name(text: string): string {
  return /^[A-Za-z_]\w*$/.test(text) ? text : quoted(text);
}
