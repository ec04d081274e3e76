import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { MysqlConfiguration } from "../config/database_variables.ts";
import { withoutPassword } from "../config/secret.ts";
import { howToAdd } from "../../adapters/local/add_package.ts";
import { ConfigError } from "../../record/errors.ts";

/** What is used of a connection of mysql2. */
export interface MysqlClient {
  /** Rows as arrays; every value is a text or null where the statement casts it. */
  query(options: { readonly sql: string; readonly values?: readonly unknown[]; readonly rowsAsArray?: true }): Promise<
    readonly [unknown, unknown]
  >;
  end(): Promise<void>;
  on(event: "error", listener: () => void): unknown;
}

interface Mysql2 {
  createConnection(options: Readonly<Record<string, unknown>>): Promise<MysqlClient>;
}

/** Whoever packs Weir must not take it for a dependency, which everybody would have to load. */
const PACKAGE: string = "mysql2";
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects, in the time zone UTC. `purpose` completes "to ...".
 * @throws ConfigError without mysql2, or when the database cannot be reached
 */
export async function connectMysql(
  { url, password, ca }: MysqlConfiguration,
  purpose = "verify",
): Promise<MysqlClient> {
  const address = new URL(url);
  const tls = ca !== null || address.protocol === "mysqls:";
  try {
    const client = await loadMysql2().createConnection({
      host: address.hostname,
      port: address.port === "" ? 3306 : Number(address.port),
      user: decodeURIComponent(address.username),
      password: password?.reveal() ?? decodeURIComponent(address.password),
      database: decodeURIComponent(address.pathname.slice(1)) || undefined,
      ...tls && { ssl: ca === null ? {} : { ca } },
      connectTimeout: CONNECT_TIMEOUT_MS,
      charset: "utf8mb4",
      timezone: "Z",
    });
    // A connection that breaks is told twice: by the rejected query and by this event.
    client.on("error", () => {});
    return client;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error);
    throw new ConfigError([`Cannot connect to MySQL "${withoutPassword(url)}" to ${purpose}: ${reason}`], {
      cause: error,
    });
  }
}

/** Rows of a question whose values are texts or null, as the statement casts them. */
export async function mysqlRows(
  client: MysqlClient,
  statement: { readonly sql: string; readonly values?: readonly unknown[] },
): Promise<readonly (readonly (string | null)[])[]> {
  const [rows] = await client.query({ ...statement, rowsAsArray: true });
  return rows as (string | null)[][];
}

/** The name of a database, a table or a column, as a statement has it. */
export function mysqlName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** As the project has it that this program runs in, which needs it for nothing else. */
function loadMysql2(): Mysql2 {
  const project = pathToFileURL(`${Deno.cwd()}/`).href;
  for (const place of import.meta.url.startsWith("file:") ? [import.meta.url, project] : [project]) {
    try {
      return createRequire(place)(`${PACKAGE}/promise`);
    } catch (error) {
      if ((error as { code?: string }).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new ConfigError([
    `Asking MySQL needs the package mysql2, and this project does not have it. Add it: ${howToAdd("mysql2")}`,
  ]);
}
