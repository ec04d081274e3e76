import mysql from "mysql2/promise";
import { freePort } from "../free_port.ts";
import { run } from "../stack/artifacts.ts";
import { mariadbMissing } from "../stack/mariadb.ts";

const STARTS_WITHIN_MS = 60_000;

/** A MariaDB of a test's own. */
export interface MariadbServer {
  readonly port: number;
  /** Runs statements one after the other, as root. */
  query(...statements: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export function hasMariadb(): boolean {
  return mariadbMissing() === null;
}

/** Starts a server with an empty data directory, whose root has no password. `options`: of `mariadbd`. */
export async function startMariadb(options: readonly string[] = []): Promise<MariadbServer> {
  const folder = await Deno.makeTempDir({ prefix: "weir-mariadb-" });
  const port = freePort();
  const owner = Deno.uid() === 0 ? ["--user=root"] : [];
  const place = ["--no-defaults", `--datadir=${folder}/data`];
  await run("mariadb-install-db", [...place, "--auth-root-authentication-method=normal", "--skip-test-db", ...owner]);
  const own = [`--port=${port}`, "--bind-address=127.0.0.1", `--socket=${folder}/s`, "--skip-log-error", ...owner];
  const process = new Deno.Command("mariadbd", {
    args: [...place, ...own, "--innodb-flush-log-at-trx-commit=0", ...options],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const query = async (...statements: readonly string[]) => {
    const connection = await mysql.createConnection({ host: "127.0.0.1", port, user: "root", timezone: "Z" });
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      await connection.end();
    }
  };
  const close = async () => {
    process.kill("SIGTERM");
    await process.status;
    await Deno.remove(folder, { recursive: true });
  };
  const deadlineMs = Date.now() + STARTS_WITHIN_MS;
  for (;;) {
    try {
      await query("SELECT 1");
      return { port, query, close };
    } catch (error) {
      if (Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 200));
      else {
        await close();
        throw error;
      }
    }
  }
}
