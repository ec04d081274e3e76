import { ConfigError } from "../../record/errors.ts";
import { onCluster } from "./cluster.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { literal, qualified } from "./table_sql.ts";

/** A view as it is to be. */
export interface ViewDeclaration {
  readonly name: string;
  readonly select: string;
}

/**
 * Makes the view, or replaces it in one step, so that nobody finds it missing, when its text or the types of its
 * columns are others: ClickHouse keeps a view's types as they were when it was made, whatever becomes of the table.
 * @throws ConfigError when something else has its name
 */
export async function ensureView(target: ConnectedDatabase, table: ViewDeclaration): Promise<void> {
  const { connection, database, cluster, advise = (statement) => statement } = target;
  const action = `create view "${database}.${table.name}"`;
  const { select } = table;
  const [existing] = await connection.select(
    action,
    `SELECT engine, as_select = formatQuerySingleLine(${literal(select)}) AS same FROM system.tables ` +
      `WHERE database = ${literal(database)} AND name = ${literal(table.name)}`,
  );
  const name = qualified(database, table.name);
  if (existing !== undefined && existing.engine !== "View") {
    const aside = `RENAME TABLE ${name} TO ${qualified(database, `${table.name}_old`)}${onCluster(cluster)}`;
    throw new ConfigError([
      `Cannot use "${database}.${table.name}" as a view: current value is a table of engine ${existing.engine}. ` +
      `Put it aside with: ${advise(aside)}`,
    ]);
  }
  const same = existing !== undefined && Number(existing.same) === 1 && await sameTypes(target, table);
  if (!same) await connection.command(action, `CREATE OR REPLACE VIEW ${name}${onCluster(cluster)} AS ${select}`);
}

/** Whether the view's columns are those that its text gives now. */
async function sameTypes(
  { connection, database }: ConnectedDatabase,
  { name: view, select }: ViewDeclaration,
): Promise<boolean> {
  const action = `compare the types of view "${database}.${view}"`;
  const [columns, given] = await Promise.all([
    connection.select(
      action,
      `SELECT name, type FROM system.columns WHERE database = ${literal(database)} AND table = ${literal(view)} ` +
        "ORDER BY position",
    ),
    connection.select(action, `DESCRIBE TABLE (${select})`),
  ]);
  const text = (rows: readonly Record<string, unknown>[]) => JSON.stringify(rows.map(({ name, type }) => [name, type]));
  return text(columns) === text(given);
}
