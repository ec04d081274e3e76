import type pg from "pg";
import type { PostgresConfiguration } from "../config/database_variables.ts";
import { quotedName } from "./quoted_name.ts";
import { postgresRows } from "../postgres_rows.ts";
import { connectPostgres } from "../verify/postgres_truth.ts";
import { Findings, postgres, reasonOf } from "./finding.ts";
import { tableOf } from "./needs.ts";
import type { PostgresLook, Publication } from "./postgres_look.ts";
import type { ServerReport } from "./server_report.ts";
import { checkSlots } from "./slot_checks.ts";
import { checkTables } from "./table_checks.ts";

/** Looks at the database in a transaction that can write nothing. */
export async function checkPostgres(
  configuration: PostgresConfiguration | null,
  { needs, settings }: Omit<PostgresLook, "client">,
): Promise<ServerReport> {
  const findings = new Findings("postgres");
  if (configuration === null) {
    findings.notChecked(["reachable", "PostgreSQL"], "no database is configured: set SOURCE_DATABASE_URL");
    return { findings: findings.found, time: null };
  }
  let client: pg.Client;
  try {
    client = await connectPostgres(configuration, "look at it");
  } catch (error) {
    findings.wrong(["reachable", "PostgreSQL"], { text: reasonOf(error) });
    return { findings: findings.found, time: null };
  }
  try {
    await client.query("BEGIN READ ONLY");
    const askedMs = Date.now();
    const [server] = await postgresRows(
      client,
      "SELECT current_setting('server_version') AS version, current_setting('wal_level') AS wal_level, " +
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now",
    );
    const answeredMs = Date.now();
    findings.ok(["reachable", `${client.host}:${client.port}/${client.database}`], `PostgreSQL ${server.version}`);
    checkWalLevel(findings, server.wal_level!);
    const look = { client, needs, settings };
    const publication = await checkPublication(findings, look);
    await checkTables(findings, { ...look, publication });
    await checkSlots(findings, look);
    return {
      findings: findings.found,
      time: { server: "PostgreSQL", timeMs: Number(server.now), askedMs, answeredMs },
    };
  } catch (error) {
    findings.notChecked(["rest", `${client.host}:${client.port}`], `a question failed: ${reasonOf(error)}`);
    return { findings: findings.found, time: null };
  } finally {
    await client.end();
  }
}

function checkWalLevel(findings: Findings, level: string): void {
  if (level === "logical") return findings.ok(["wal_level", "wal_level"], level);
  findings.wrong(["wal_level", "wal_level"], {
    text: `it is ${level}: no change can be read from the WAL. Restart PostgreSQL after the statement`,
    repair: postgres("ALTER SYSTEM SET wal_level = 'logical'"),
  });
}

async function checkPublication(
  findings: Findings,
  { client, needs, settings }: PostgresLook,
): Promise<Publication | null> {
  const rows = await postgresRows(
    client,
    "SELECT p.pubname AS name, p.pubviaroot AS via_root, p.puballtables AS all, coalesce((SELECT " +
      "json_agg(schemaname || '.' || tablename) FROM pg_publication_tables t WHERE t.pubname = p.pubname), '[]') " +
      "AS tables FROM pg_publication p ORDER BY p.pubname",
  );
  const all = rows.map((row): Publication => ({
    name: row.name!,
    viaRoot: row.via_root === "t",
    all: row.all === "t",
    tables: new Set(JSON.parse(row.tables!)),
  }));
  const wanted = settings === null ? null : settings["publication.name"] ?? "dbz_publication";
  const titles = [...needs.captured.keys()].flatMap((topic) => tableOf(topic) ?? []);
  const count = ({ tables }: Publication) =>
    titles.filter(({ schema, table }) => tables.has(`${schema}.${table}`)).length;
  const chosen = wanted === null
    ? all.toSorted((a, b) => count(b) - count(a))[0]
    : all.find(({ name }) => name === wanted);
  if (chosen !== undefined) {
    findings.ok(["publication", chosen.name], wanted === null ? "the one that has most of the tables" : "");
    return chosen;
  }
  const name = wanted ?? "dbz_publication";
  const tables = titles.map(({ schema, table }) => `${quotedName(schema)}.${quotedName(table)}`).join(", ");
  findings.wrong(["publication", name], {
    text: `there is no such publication: there are ${all.map(({ name }) => name).join(", ") || "none"}`,
    repair: postgres(`CREATE PUBLICATION ${quotedName(name)} FOR TABLE ${tables}`),
  });
  return null;
}
