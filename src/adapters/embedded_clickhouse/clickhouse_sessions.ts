import { literal, quoted } from "../../record/clickhouse_names.ts";
import type { ChdbSession } from "./chdb.ts";
import type { Environment } from "./environment.ts";
import { Exception } from "./clickhouse_exception.ts";
import { READING_ONLY } from "./clickhouse_rights.ts";

/** Another connection to the directory that is open. */
export type OpenSession = (connectionArgs?: string[]) => ChdbSession;

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
/** Sessions kept open for the next request with the same environment. */
const IDLE_SESSIONS_MAX = 16;

/** Sessions that one request after the other uses. */
export interface SessionPool {
  take(environment: Environment): Promise<ChdbSession>;
  /** For the next request with the same environment. */
  put(session: ChdbSession, environment: Environment): void;
  close(): void;
}

/**
 * Sessions by environment. The engine keeps settings for as long as a session lives, so a session serves only requests
 * that ask for exactly the settings it was opened with; opening one costs half a millisecond.
 */
export function sessionPool(open: OpenSession): SessionPool {
  const idle: { key: string; session: ChdbSession }[] = [];

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

/** What makes a session of an environment; empty if nothing need be done. */
function preamble({ database, settings, parameters, readonly, rights }: Environment): string {
  const assignments = [
    ...[...settings].map(([name, value]) => `${settingName(name)} = ${literal(value)}`),
    ...[...parameters].map(([name, value]) => `${settingName(`param_${name}`)} = ${literal(value)}`),
  ];
  if (readonly > 0) assignments.push(`readonly = ${readonly}`);
  const statements = [
    ...database === null ? [] : [`USE ${quoted(database)}`],
    ...rights === "reading" ? [READING_ONLY] : [],
    ...assignments.length === 0 ? [] : [`SET ${assignments.join(", ")}`],
  ];
  return statements.join(";");
}

function settingName(name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new Exception({ code: 115, codeName: "UNKNOWN_SETTING" }, `Unknown setting ${JSON.stringify(name)}`);
  }
  return name;
}
