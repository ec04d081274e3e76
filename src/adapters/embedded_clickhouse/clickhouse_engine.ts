import { type Addon, type Chdb, type ChdbBlock, type ChdbSession, loadChdb } from "./chdb.ts";
import { Exception, exceptionOf } from "./clickhouse_exception.ts";
import { isRead, type Statement } from "./clickhouse_statement.ts";

/** Everything that makes up one request beside its statement. It holds for this request alone. */
export interface Environment {
  readonly database: string | null;
  readonly settings: ReadonlyMap<string, string>;
  /** Values of `{name:Type}` placeholders, in ClickHouse's escaped text form. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 0, 1 or 2 as ClickHouse's setting of this name; applied last. */
  readonly readonly: 0 | 1 | 2;
  /** Format of rows when the statement names none. */
  readonly defaultFormat: string;
  /** Aborted when nobody waits for the answer any more. A statement that only reads ends then. */
  readonly gone: AbortSignal;
}

export type Outcome =
  | { readonly kind: "rows"; readonly bytes: Uint8Array; readonly rows: number }
  | { readonly kind: "stream"; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly kind: "written"; readonly rows: number; readonly bytes: number };

export interface Engine {
  /** Version of ClickHouse. */
  readonly version: string;
  readonly timezone: string;
  /** @throws an error whose message begins with `Code: N. DB::Exception:` */
  execute(statement: Statement, environment: Environment): Promise<Outcome>;
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly path: string;
  /** ClickHouse's max_server_memory_usage; queries beyond it fail with code 241. */
  readonly memoryBytesMax: number;
}

/** Another connection to the directory that is open. */
type OpenSession = (connectionArgs?: string[]) => ChdbSession;

/** A request's session. One of the two is called once, when the request is over. */
interface Lease {
  /** For the next request with the same environment. */
  keep(): void;
  end(): void;
}

/** Formats whose output is the concatenation of its blocks' outputs, and can therefore be sent block by block. */
const STREAMABLE = new Set(["JSONEachRow", "JSONCompactEachRow", "RowBinary", "TabSeparated", "TSV", "CSV"]);
const STREAMED = new Set(["SELECT", "WITH"]);
/**
 * Memory that is to be free for each thread of a query. ClickHouse's default is a GiB: of a limit of two, one thread at
 * most.
 */
const THREAD_BYTES = 128 * 2 ** 20;
const SESSION_ARGS = [
  `--max_threads_min_free_memory_per_thread=${THREAD_BYTES}`,
  // ClickHouse 26.7 compiles a GROUP BY at its fourth run, and min() and max() of DateTime64 take values before 1970
  // for the greatest from then on.
  "--compile_aggregate_expressions=0",
];
/** A directory of its owner alone. */
const OWNER_ONLY = 0o700;
/** Sessions kept open for the next request with the same environment. */
const IDLE_SESSIONS_MAX = 16;

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

  async function execute(statement: Statement, environment: Environment): Promise<Outcome> {
    const session = await sessions.take(environment);
    const lease: Lease = { keep: () => sessions.put(session, environment), end: () => session.close() };
    try {
      if (statement.keyword === "INSERT") {
        if (environment.readonly > 0) {
          throw new Exception({ code: 164, codeName: "READONLY" }, "Cannot execute INSERT in readonly mode");
        }
        const written = await insert({ addon, session }, statement);
        lease.keep();
        return { kind: "written", rows: written.rowsWritten, bytes: written.bytesWritten };
      }
      const format = statement.format ?? environment.defaultFormat;
      if (!isRead(statement)) {
        const result = await session.queryAsync(statement.sql, { format });
        lease.end();
        return { kind: "rows", bytes: result.bytes(), rows: result.rowsRead };
      }
      return await whileWanted({ open, gone: environment.gone }, async (mark) => {
        const sql = `${statement.sql} ${mark}`;
        if (STREAMED.has(statement.keyword) && STREAMABLE.has(format)) {
          return { kind: "stream", chunks: await started(session.queryStream(sql, { format }), lease) };
        }
        const result = await session.queryAsync(sql, { format });
        lease.keep();
        return { kind: "rows", bytes: result.bytes(), rows: result.rowsRead };
      });
    } catch (error) {
      lease.end();
      throw error;
    }
  }

  async function close(): Promise<void> {
    await chdb.drainPending();
    sessions.close();
    keeper.close();
  }

  return { version, timezone, execute, close };
}

function openDirectory({ Session }: Chdb, options: EngineOptions): ChdbSession {
  try {
    // Others must not read in its files what they may not ask for; an older directory may be open to them.
    Deno.mkdirSync(options.path, { recursive: true, mode: OWNER_ONLY });
    Deno.chmodSync(options.path, OWNER_ONLY);
    return new Session(options.path, {
      connectionArgs: [
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

/**
 * Runs a statement that only reads and ends it when nobody waits for it any more. The engine gives ids of its own to
 * queries, so the statement carries a mark, a comment, by which it is found.
 */
async function whileWanted<T>(
  { open, gone }: { readonly open: OpenSession; readonly gone: AbortSignal },
  run: (mark: string) => Promise<T>,
): Promise<T> {
  const id = crypto.randomUUID();
  const kill = async () => {
    const session = open();
    try {
      await session.queryAsync(`KILL QUERY WHERE position(query, '${id}') > 0 ASYNC`);
    } catch {
      // It has ended meanwhile.
    } finally {
      session.close();
    }
  };
  if (gone.aborted) throw new Exception({ code: 394, codeName: "QUERY_WAS_CANCELLED" }, "Nobody waits for the answer");
  gone.addEventListener("abort", kill);
  try {
    return await run(`/* ${id} */`);
  } finally {
    gone.removeEventListener("abort", kill);
  }
}

/**
 * Waits for the first block, so that an error found early is an error of the request and not of the connection. The
 * session is kept when the last block was taken, and ended when the reader went away.
 */
async function started(stream: AsyncIterable<ChdbBlock>, lease: Lease): Promise<AsyncIterable<Uint8Array>> {
  const iterator = stream[Symbol.asyncIterator]();
  let next = await iterator.next();
  return (async function* () {
    let complete = false;
    try {
      while (!next.done) {
        yield next.value.raw();
        next = await iterator.next();
      }
      complete = true;
    } finally {
      if (!complete) await iterator.return?.();
      if (complete) lease.keep();
      else lease.end();
    }
  })();
}

/**
 * Sessions by environment. The engine keeps settings for as long as a session lives, so a session serves only requests
 * that ask for exactly the settings it was opened with; opening one costs half a millisecond.
 */
function sessionPool(open: OpenSession) {
  const idle: { key: string; session: ChdbSession }[] = [];

  function preamble(environment: Environment): string {
    const assignments = [
      ...[...environment.settings].map(([name, value]) => `${settingName(name)} = ${literal(value)}`),
      ...[...environment.parameters].map(([name, value]) => `${settingName(`param_${name}`)} = ${literal(value)}`),
    ];
    if (environment.readonly > 0) assignments.push(`readonly = ${environment.readonly}`);
    const use = environment.database === null ? "" : `USE ${identifier(environment.database)};`;
    return use + (assignments.length > 0 ? `SET ${assignments.join(", ")}` : "");
  }

  async function take(environment: Environment): Promise<ChdbSession> {
    const key = preamble(environment);
    const at = idle.findIndex((entry) => entry.key === key);
    if (at >= 0) return idle.splice(at, 1)[0].session;
    const session = open(SESSION_ARGS);
    if (key === "") return session;
    try {
      await session.queryAsync(key);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  function put(session: ChdbSession, environment: Environment): void {
    // Parameters and deduplication tokens differ from request to request: keeping such a session would only push out
    // others.
    if (environment.parameters.size > 0 || environment.settings.has("insert_deduplication_token")) {
      return session.close();
    }
    idle.push({ key: preamble(environment), session });
    if (idle.length > IDLE_SESSIONS_MAX) idle.shift()!.session.close();
  }

  return {
    take,
    put,
    close: () => idle.splice(0).forEach((entry) => entry.session.close()),
  };
}

function settingName(name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new Exception({ code: 115, codeName: "UNKNOWN_SETTING" }, `Unknown setting ${JSON.stringify(name)}`);
  }
  return name;
}

function literal(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function identifier(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}
