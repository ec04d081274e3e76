import { assertEquals } from "@std/assert";
import { checkConnector } from "../../../src/cli/doctor/connector_checks.ts";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import mirror from "../../../topologies/mirror.ts";
import { withConnect } from "./connect_server.ts";

const POSTGRES = {
  "topic.prefix": "online_store",
  "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
};
const QUERY =
  "INSERT INTO debezium_heartbeat (id, ts) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET ts = excluded.ts";

/** What is told of heartbeats that write to the database. */
async function look(config: Readonly<Record<string, string>>) {
  let found: unknown[] = [];
  await withConnect(config, async (url) => {
    const { findings } = await checkConnector(url, needsOf([mirror], { generation: 1 }));
    found = findings.filter(({ check }) => check === "connector.heartbeat_query").map((
      { subject, verdict, text, repair },
    ) => [subject, verdict, text, repair?.statement.replace(url, "URL")]);
  });
  return found;
}

Deno.test("checkConnector() wants heartbeats of PostgreSQL to write to the database, and of no other", async () => {
  const subject = "shop heartbeat.action.query";
  assertEquals(await look({ ...POSTGRES, "heartbeat.action.query": "UPDATE beats SET at = now()" }), [
    [subject, "ok", "", undefined],
  ]);
  const [[named, verdict, text, statement]] = await look(POSTGRES) as string[][];
  assertEquals([named, verdict, text], [
    subject,
    "warning",
    "heartbeats write nothing to the database: the slot moves only when these tables change",
  ]);
  assertEquals(statement.startsWith("curl ") && statement.includes("URL/connectors/shop/config"), true, statement);
  assertEquals(statement.includes(JSON.stringify({ "heartbeat.action.query": QUERY })), true, statement);
  assertEquals(await look({ ...POSTGRES, "connector.class": "io.debezium.connector.mysql.MySqlConnector" }), []);
});
