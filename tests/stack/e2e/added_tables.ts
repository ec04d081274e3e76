import {
  type ConnectorConfig,
  connectorRunning,
  registerConnector,
  resumeConnector,
  stopConnector,
} from "../connector.ts";
import type { Stage } from "./stage.ts";

/** Creates tables, each with its columns, that Debezium may read. Idempotent. */
export async function addTables(stage: Stage, tables: Readonly<Record<string, string>>): Promise<void> {
  const published = await stage.sql("SELECT tablename FROM pg_publication_tables WHERE pubname = 'dbz_publication'");
  for (const [name, columns] of Object.entries(tables)) {
    await stage.sql(`
      CREATE TABLE IF NOT EXISTS ${name} (${columns});
      ALTER TABLE ${name} REPLICA IDENTITY FULL;
      GRANT SELECT ON ${name} TO debezium;`);
    if (published.some(({ tablename }) => tablename === name)) continue;
    await stage.sql(`ALTER PUBLICATION dbz_publication ADD TABLE ${name}`);
  }
}

/**
 * The connector reads these tables beside the store's, from now on and with `changes` of its configuration; those added
 * before no more. It is stopped first: whether a task that is seen running has the new configuration already cannot be
 * told.
 */
export async function captureTables(
  { layout }: Stage,
  { tables = [], changes = {} }: { readonly tables?: readonly string[]; readonly changes?: ConnectorConfig } = {},
): Promise<void> {
  await stopConnector(layout);
  await registerConnector(layout, (config) => ({
    ...config,
    "table.include.list": [config["table.include.list"], ...tables.map((name) => `public.${name}`)].join(),
    ...changes,
  }));
  await resumeConnector(layout);
  await connectorRunning(layout, 50_000);
}
