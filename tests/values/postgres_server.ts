import pg from "pg";
import { freePort } from "../free_port.ts";
import { asServer, postgresPrograms, run } from "../postgres_programs.ts";

const START_MS = 60_000;

/** Whether PostgreSQL 15's server programs are on this machine. */
export function hasPostgres15(): boolean {
  return postgresPrograms([15]) !== null;
}

export interface PostgresServer {
  /** Where it listens, on 127.0.0.1; `postgres` needs no password. */
  readonly port: number;
  /** Rows of the last statement, every value as PostgreSQL's own text. */
  query(sql: string): Promise<Record<string, string | null>[]>;
  /** Runs statements in another database. */
  queryIn(database: string, sql: string): Promise<void>;
  close(): Promise<void>;
}

/** A PostgreSQL 15 of its own with an empty database: texts in the order of their code points, times in UTC. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = postgresPrograms([15]);
  const root = await Deno.makeTempDir({ prefix: "weir-values-" });
  const data = `${root}/data`;
  await Deno.mkdir(data, { mode: 0o700 });
  if (Deno.uid() === 0) {
    await run("chown", ["postgres", root]);
    await run("chown", ["postgres", data]);
  }
  const encoding = ["-E", "UTF8", "--locale=C.UTF-8"];
  await run(...asServer(`${programs}/initdb`, ["-D", data, "-U", "postgres", ...encoding, "--no-sync"]));
  const port = freePort();
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "timezone=UTC", "fsync=off"];
  const options = settings.flatMap((setting) => ["-c", setting]);
  const [program, args] = asServer(`${programs}/postgres`, ["-D", data, "-p", String(port), ...options]);
  const child = new Deno.Command(program, { args, cwd: "/", stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const client = await connected(port, Date.now() + START_MS);
  return {
    port,
    async query(sql) {
      const result = await client.query({ text: sql, types: { getTypeParser: () => (text: string) => text } as never });
      return (Array.isArray(result) ? result.at(-1) : result).rows;
    },
    async queryIn(database, sql) {
      const other = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database });
      await other.connect();
      try {
        await other.query(sql);
      } finally {
        await other.end();
      }
    },
    async close() {
      await client.end();
      child.kill("SIGINT");
      await child.status;
      await Deno.remove(root, { recursive: true });
    },
  };
}

async function connected(port: number, untilMs: number): Promise<pg.Client> {
  for (;;) {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
    client.on("error", () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
