import { ConfigError } from "../../record/errors.ts";
import { onCluster } from "./cluster.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { literal, qualified, quoted } from "../../record/clickhouse_names.ts";

/** How a person makes room for a table that is made anew. `kept`, `lost`: what becomes of its rows then. */
export function makeRoom(
  { database, cluster, advise = (statement) => statement }: Omit<ConnectedDatabase, "connection">,
  { name, kept, lost }: { readonly name: string; readonly kept: string; readonly lost: string },
): string {
  const target = qualified(database, name);
  if (cluster !== undefined) {
    return `Drop the table with: ${advise(`DROP TABLE ${target}${onCluster(cluster)} SYNC`)}; ${lost}`;
  }
  return `Put the table aside with: ${
    advise(`RENAME TABLE ${target} TO ${qualified(database, `${name}_old`)}`)
  }; ${kept}`;
}

/**
 * Whether all replicas that answer have a table in the same place: macros that differ would make tables of their own.
 * @throws ConfigError if they have not @throws ProductionError
 */
export async function requireOnePlace(
  { connection, database, cluster }: ConnectedDatabase,
  name: string,
): Promise<void> {
  if (cluster === undefined) return;
  const [{ places }] = await connection.select(
    `look for the replicas of "${database}.${name}"`,
    `SELECT arraySort(groupUniqArray(zookeeper_path)) AS places FROM ` +
      `clusterAllReplicas(${literal(cluster.name)}, ${quoted("system")}.${quoted("replicas")}) ` +
      `WHERE database = ${literal(database)} AND table = ${literal(name)} SETTINGS skip_unavailable_shards = 1`,
  );
  if ((places as string[]).length === 1) return;
  throw new ConfigError([
    `Cannot use "${database}.${name}" as one table of cluster "${cluster.name}": current value is ` +
    `${(places as string[]).length} tables (${(places as string[]).join(", ")}). Give all replicas of the shard the ` +
    "same macros but for {replica}, and drop the table on all of them",
  ]);
}
