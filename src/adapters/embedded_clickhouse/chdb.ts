import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { ConfigError } from "../../record/errors.ts";
import { howToAdd } from "../local/add_package.ts";

/** The version whose inner calls {@link Addon} names. */
export const CHDB_VERSION = "3.4.0";

/** What is used of chdb: ClickHouse as a library, a package of half a gigabyte that a project adds if it needs it. */
export interface Chdb {
  readonly Session: new (path: string, options?: { connectionArgs?: string[] }) => ChdbSession;
  /** Resolves once no query runs any more. */
  drainPending(): Promise<void>;
}

/** A connection to a data directory, with settings of its own. */
export interface ChdbSession {
  /** What {@link Addon} takes. */
  readonly connection: unknown;
  queryAsync(sql: string, options?: { format?: string }): Promise<ChdbResult>;
  queryStream(sql: string, options: { format: string }): AsyncIterable<ChdbBlock>;
  close(): void;
}

interface ChdbResult {
  readonly rowsRead: number;
  text(): string;
  bytes(): Uint8Array;
}

/** Of the rows of an answer, as its format writes them. */
export interface ChdbBlock {
  raw(): Uint8Array;
}

/**
 * chdb's own `insert` takes only plain identifiers and eight text formats, and no other call tells how many rows were
 * written; the addon's call below takes any INSERT and any bytes. chdb is pinned to one version, and the tests insert
 * through this.
 */
export interface Addon {
  InsertRawAsyncConnection(
    connection: unknown,
    statement: string,
    data: Uint8Array,
    countLines: boolean,
  ): Promise<{ readonly rowsWritten: number; readonly bytesWritten: number }>;
}

/**
 * Loads chdb as the project has it that this program runs in. No import names it: whoever runs on services of their own
 * does not load it, and needs not have it.
 * @throws ConfigError if the project does not have it, or another version of it
 */
export function loadChdb(): { readonly chdb: Chdb; readonly addon: Addon } {
  const from = placesToAsk().find(hasChdb);
  if (from === undefined) throw new ConfigError([`${NEEDS} and this project does not have it. ${advice()}`]);
  const require = createRequire(from);
  const { version } = require(`${PACKAGE}/package.json`);
  if (version !== CHDB_VERSION) throw new ConfigError([`${NEEDS} and this project has ${version}. ${advice()}`]);
  const addon = createRequire(require.resolve(PACKAGE))("./dist/loader.js").loadNative();
  return { chdb: require(PACKAGE), addon };
}

/** Whoever packs Weir must not take it for a dependency, which everybody would have to load. */
const PACKAGE: string = "chdb";
const NEEDS = `It needs the package chdb ${CHDB_VERSION}, which is ClickHouse as a library,`;

function advice(): string {
  return `Add it: ${howToAdd(`${PACKAGE}@${CHDB_VERSION}`)}. ` +
    "Or use a ClickHouse that runs: KAFKA_BROKERS and CLICKHOUSE_URL";
}

/** Beside this file, where it is one, and in the current directory. */
function placesToAsk(): string[] {
  const project = pathToFileURL(`${Deno.cwd()}/`).href;
  return import.meta.url.startsWith("file:") ? [import.meta.url, project] : [project];
}

function hasChdb(place: string): boolean {
  try {
    createRequire(place).resolve(`${PACKAGE}/package.json`);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "MODULE_NOT_FOUND") return false;
    throw error;
  }
}
