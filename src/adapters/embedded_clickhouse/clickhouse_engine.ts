import { systemClock } from "../local/system_clock.ts";
import { answerRead, type Lease } from "./answer_read.ts";
import { type Addon, type Chdb, type ChdbSession, loadChdb } from "./chdb.ts";
import { Exception, exceptionOf } from "./clickhouse_exception.ts";
import { rightsArguments } from "./clickhouse_rights.ts";
import { sessionPool } from "./clickhouse_sessions.ts";
import { isRead, type Statement } from "./clickhouse_statement.ts";
import type { Environment, Outcome } from "./environment.ts";
import { wantedReads } from "./wanted_reads.ts";

export interface Engine {
  /** Version of ClickHouse. */
  readonly version: string;
  readonly timezone: string;
  /** @throws an error whose message begins with `Code: N. DB::Exception:` */
  execute(statement: Statement, environment: Environment): Promise<Outcome>;
  /** Gives up all statements that only read, and those that are asked later. */
  giveUpReads(): void;
  /** Waits for all others. False if reads that were given up have not ended: then nothing is closed. */
  close(): Promise<boolean>;
}

export interface EngineOptions {
  readonly path: string;
  /** ClickHouse's max_server_memory_usage; queries beyond it fail with code 241. */
  readonly memoryBytesMax: number;
  /** ClickHouse's configuration in place of Weir's own, with the users that it names; null: Weir's. */
  readonly configFile: string | null;
  /** Called when the engine does not end queries that nobody waits for any more, and takes no further ones. */
  readonly onStuck: () => void;
}

/** A directory of its owner alone. */
const OWNER_ONLY = 0o700;
/** How long the end waits for reads that were given up. */
const DRAIN_MS = 1_000;

/**
 * Opens the data directory. A directory belongs to one process at a time; it survives the death of its process at any
 * moment.
 * @throws Exception 76 (CANNOT_OPEN_FILE) when the directory cannot be opened
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { chdb, addon } = loadChdb();
  const keeper = openDirectory(chdb, options);
  const facts = await keeper.queryAsync("SELECT version(), serverTimezone() FORMAT TabSeparated");
  const [version, timezone] = facts.text().trim().split("\t");
  const open = (args?: string[]) => new chdb.Session(options.path, { connectionArgs: args });
  const sessions = sessionPool(open);
  const reads = wantedReads(open, options);

  async function execute(statement: Statement, environment: Environment): Promise<Outcome> {
    const session = await sessions.take(environment);
    const lease: Lease = { keep: () => sessions.put(session, environment), end: () => session.close() };
    const format = statement.format ?? environment.defaultFormat;
    try {
      if (statement.keyword === "INSERT") {
        if (environment.readonly > 0) {
          throw new Exception({ code: 164, codeName: "READONLY" }, "Cannot execute INSERT in readonly mode");
        }
        const written = await insert({ addon, session }, statement);
        lease.keep();
        return { kind: "written", rows: written.rowsWritten, bytes: written.bytesWritten };
      }
      if (!isRead(statement)) {
        const result = await session.queryAsync(statement.sql, { format });
        lease.end();
        return { kind: "rows", bytes: result.bytes(), rows: result.rowsRead };
      }
    } catch (error) {
      lease.end();
      throw error;
    }
    return await answerRead(statement, { session, lease, format, begin: () => reads.begin(environment.gone) });
  }

  async function close(): Promise<boolean> {
    reads.giveUp();
    const over = new AbortController();
    const late = systemClock.sleep(DRAIN_MS, over.signal).then(() => false);
    const drained = await Promise.race([chdb.drainPending().then(() => true), late]);
    over.abort();
    if (!drained) return false;
    sessions.close();
    keeper.close();
    return true;
  }

  return { version, timezone, execute, giveUpReads: reads.giveUp, close };
}

function openDirectory({ Session }: Chdb, options: EngineOptions): ChdbSession {
  try {
    // Others must not read in its files what they may not ask for; an older directory may be open to them.
    Deno.mkdirSync(options.path, { recursive: true, mode: OWNER_ONLY });
    Deno.chmodSync(options.path, OWNER_ONLY);
    return new Session(options.path, {
      connectionArgs: [
        ...options.configFile === null ? rightsArguments(options.path) : [`--config-file=${options.configFile}`],
        `--max_server_memory_usage=${options.memoryBytesMax}`,
        // Caches count as memory; the default allows several GiB of marks.
        `--mark_cache_size=${Math.min(Math.floor(options.memoryBytesMax / 8), 256 * 2 ** 20)}`,
      ],
    });
  } catch (error) {
    throw new Exception({ code: 76, codeName: "CANNOT_OPEN_FILE" }, cannotOpen(options.path, error));
  }
}

function cannotOpen(path: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  let holder = "";
  try {
    const pid = /PID: (\d+)/.exec(Deno.readTextFileSync(`${path}/status`));
    if (pid) holder = `, last used by process ${pid[1]}`;
  } catch {
    // Without a status file nobody has used the directory before.
  }
  return `Cannot open "${path}" as ClickHouse's data directory of this process alone: ` +
    `current value is "${reason}"${holder}. ` +
    "End the process that uses it, or choose another directory";
}

/**
 * An INSERT without rows is no error, as on ClickHouse's server; the engine alone calls it one (108,
 * NO_DATA_TO_INSERT).
 */
async function insert({ addon, session }: { addon: Addon; session: ChdbSession }, statement: Statement) {
  try {
    const data = statement.data ?? new Uint8Array(0);
    return await addon.InsertRawAsyncConnection(session.connection, statement.sql, data, false);
  } catch (error) {
    if (statement.data !== null && exceptionOf(error).code === 108) return { rowsWritten: 0, bytesWritten: 0 };
    throw error;
  }
}
