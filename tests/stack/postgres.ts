import pg from "pg";
import { exists, postgresFolder, run } from "./artifacts.ts";
import { projectPath, type StackLayout } from "./layout.ts";
import type { Launch } from "./process.ts";
import { stackSecrets, withReadableSecret } from "./secrets.ts";

const database = "online_store";
const schemaFiles = ["01_schema.sql", "02_roles.sql", "03_publication.sql", "04_seed.sql"];

const settings = (port: number) => `
listen_addresses = '127.0.0.1'
port = ${port}
# Clients come over TCP: a socket's path has a length limit that a deep project folder exceeds.
unix_socket_directories = ''
wal_level = logical
max_wal_senders = 10
max_replication_slots = 10
shared_buffers = 64MB
# Nothing here must survive a power failure; it does survive a killed server.
fsync = off
timezone = 'UTC'
log_timezone = 'UTC'
`;

/** Makes the database cluster once. */
export async function initialisePostgres(layout: StackLayout): Promise<void> {
  const folder = dataFolder(layout);
  if (exists(`${folder}/PG_VERSION`)) return;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  if (Deno.uid() === 0) await run("chown", ["postgres", folder]);
  const { postgres } = stackSecrets(layout);
  await withReadableSecret(postgres, async (file) => {
    const options = ["-D", folder, "-U", "postgres", `--pwfile=${file}`, "-E", "UTF8", "--locale=C.UTF-8"];
    const { program, args } = asPostgres("initdb", [...options, "--auth=scram-sha-256", "--no-sync"]);
    await run(program, args);
  });
  await Deno.writeTextFile(`${folder}/postgresql.conf`, settings(layout.ports.postgres), { append: true });
}

export function postgresLaunch(layout: StackLayout): Launch {
  // The port is given here once more, so that a stack's folder can be used with another offset.
  return asPostgres("postgres", ["-D", dataFolder(layout), "-p", String(layout.ports.postgres)]);
}

/** Whether the server answers, also before the database exists. Rejects otherwise. */
export async function postgresAnswers(layout: StackLayout): Promise<boolean> {
  await query(layout, "postgres", { text: "SELECT 1" });
  return true;
}

/** Creates and fills the database once, and sets the roles' passwords. */
export async function createDatabase(layout: StackLayout): Promise<void> {
  const found = await query(layout, "postgres", {
    text: "SELECT 1 FROM pg_database WHERE datname = $1",
    values: [database],
  });
  if (found.length === 0) await query(layout, "postgres", { text: `CREATE DATABASE ${database}` });
  const tables = await query(layout, database, {
    text: "SELECT 1 FROM pg_tables WHERE tablename = 'debezium_heartbeat'",
  });
  if (tables.length === 0) {
    const sql = schemaFiles.map((file) => Deno.readTextFileSync(projectPath(`compose/init/postgres/${file}`)));
    // All or nothing: a half-made database would look finished to the next start.
    await query(layout, database, { text: `BEGIN;\n${sql.join("\n")}\nCOMMIT;` });
  }
  const { debezium, exporter } = stackSecrets(layout);
  for (const [role, password] of [["debezium", debezium], ["postgres_exporter", exporter]]) {
    await query(layout, database, { text: `ALTER ROLE ${role} PASSWORD ${pg.escapeLiteral(password)}` });
  }
}

/** Runs SQL as superuser in database online_store and returns the rows of the last statement. */
export function psql(layout: StackLayout, text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  return query(layout, database, { text, values });
}

/** Where the server listens, for `npm:pg` and others. */
export function postgresAddress(layout: StackLayout) {
  const { postgres } = stackSecrets(layout);
  return { host: "127.0.0.1", port: layout.ports.postgres, database, user: "postgres", password: postgres };
}

async function query(
  layout: StackLayout,
  databaseName: string,
  statement: { text: string; values?: unknown[] },
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    ...postgresAddress(layout),
    database: databaseName,
    connectionTimeoutMillis: 5_000,
  });
  // A server that is killed while this waits reports it twice: by the rejected promise and by this event.
  client.on("error", () => {});
  await client.connect();
  try {
    const result = await client.query(statement);
    return (Array.isArray(result) ? result.at(-1) : result).rows;
  } finally {
    await client.end();
  }
}

function asPostgres(program: string, args: readonly string[]): Launch {
  const path = `${postgresFolder()}/${program}`;
  if (Deno.uid() !== 0) return { program: path, args };
  // setpriv becomes the program; runuser would stay as its parent, and the id recorded would be the wrong one.
  return { program: "setpriv", args: ["--reuid=postgres", "--regid=postgres", "--init-groups", path, ...args] };
}

function dataFolder(layout: StackLayout): string {
  return `${layout.data}/postgres`;
}
