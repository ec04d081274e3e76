import { ClickHouseError } from "@clickhouse/client";
import { connect } from "../../adapters/clickhouse/connection.ts";
import { isRead, splitStatements } from "../../adapters/embedded_clickhouse/clickhouse_statement.ts";
import { ProductionError } from "../../record/errors.ts";
import type { Routes } from "../http_server.ts";
import { json, RequestError } from "./answer.ts";
import type { QueryAnswer } from "./answers.ts";
import { limited } from "./limited.ts";
import { type Explain, queryMasks, refuseMasked } from "./masked_query.ts";
import { readJson } from "./read_json.ts";
import { checkShown } from "./showing_rows.ts";
import type { Watched } from "./watched.ts";

const BODY_BYTES_MAX = 256 * 1024;
/** Rows that are given, bytes of an answer, seconds of a query, and queries at a time. */
const ROWS_MAX = 1_000;
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
const SECONDS_MAX = 15;
const QUERIES_MAX = 4;
/** ClickHouse's code of an error: whoever only reads may not do that. */
const READONLY = 164;
/** So much later an answer is waited for no longer, whatever ClickHouse does. */
const GRACE_MS = 2_000;
const MESSAGE_LENGTH_MAX = 2_000;

/** What ClickHouse's format JSONCompact has. */
interface CompactAnswer {
  readonly meta: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly (readonly unknown[])[];
  readonly statistics?: { readonly rows_read?: number };
}

/**
 * `POST /api/query { "sql": ... }`: one statement that reads, by a connection that cannot write, within limits that the
 * statement cannot lift: ClickHouse refuses settings of whoever only reads.
 */
export function queryRoutes(watched: Pick<Watched, "reader" | "showsRows" | "runs">): Routes {
  const atOnce = limited(QUERIES_MAX, "queries");
  return {
    "POST /api/query": async (request) => {
      checkShown(watched);
      const { sql } = await readJson(request, BODY_BYTES_MAX);
      const statement = statementOf(sql);
      return await atOnce(async () => {
        const late = AbortSignal.timeout(SECONDS_MAX * 1_000 + GRACE_MS);
        const over = AbortSignal.any([request.signal, late]);
        return json(await unlessOver(over, answerOf(statement, { watched, over })));
      });
    },
  };
}

/** @throws RequestError for anything but one statement that reads */
function statementOf(sql: unknown): Asked {
  if (typeof sql !== "string" || sql.trim() === "") {
    throw new RequestError(400, 'Cannot run nothing: send { "sql": "SELECT ..." }');
  }
  const statements = splitStatements(sql);
  if (statements.length !== 1) {
    throw new RequestError(400, `Cannot run ${statements.length} statements at once: send one`);
  }
  const [statement] = statements;
  if (!isRead(statement)) {
    throw new RequestError(400, `Cannot run ${statement.keyword} here, where nothing is changed: send a SELECT`);
  }
  return statement;
}

type Asked = ReturnType<typeof splitStatements>[number];

async function answerOf(
  statement: Asked,
  { watched: { reader, runs }, over }: {
    readonly watched: Pick<Watched, "reader" | "runs">;
    readonly over: AbortSignal;
  },
): Promise<QueryAnswer> {
  const connection = connect({ ...reader, readOnly: true }, reader.database);
  const run = async (sql: string): Promise<CompactAnswer> => {
    // A line end, in case the statement ends with a comment.
    const bytes = connection.bytes("run the query", `${sql}\nFORMAT JSONCompact`, { settings: LIMITS, signal: over });
    return JSON.parse(await textOf(bytes)) as CompactAnswer;
  };
  const startedMs = performance.now();
  const masks = queryMasks(runs.flatMap(({ topology }) => topology === null ? [] : [topology]));
  try {
    if (masks !== null) await refuseMasked(statement, { masks, database: reader.database, explain: explaining(run) });
    const answer = await run(statement.sql);
    return {
      columns: answer.meta.map(({ name, type }) => ({ name, type })),
      rows: answer.data.slice(0, ROWS_MAX),
      rowsRead: answer.statistics?.rows_read ?? answer.data.length,
      elapsedMs: Math.round(performance.now() - startedMs),
      truncated: answer.data.length > ROWS_MAX,
    };
  } catch (error) {
    throw refusalOf(error);
  } finally {
    // It tells ClickHouse first that nobody waits any more, which must not keep others waiting.
    connection.close().catch(() => {});
  }
}

/** @throws RequestError 503 as soon as nobody waits for an answer any more, or has waited for too long */
async function unlessOver<T>(over: AbortSignal, asked: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = () => reject(new RequestError(503, whyOver(over)));
  if (over.aborted) leave();
  over.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([asked, promise]);
  } finally {
    over.removeEventListener("abort", leave);
    asked.catch(() => {});
  }
}

function whyOver({ reason }: AbortSignal): string {
  return reason instanceof DOMException && reason.name === "TimeoutError"
    ? `Cannot answer within ${SECONDS_MAX} seconds: ask for less, or use deno task query`
    : "Nobody waits for the answer any more";
}

/** What ClickHouse reads for a statement. Why it cannot tell may quote what the statement would read. */
function explaining(run: (sql: string) => Promise<CompactAnswer>): Explain {
  return async (sql) => {
    try {
      return (await run(sql)).data.map(([line]) => String(line));
    } catch (error) {
      const cause = error instanceof ProductionError ? error.cause : null;
      if (!(cause instanceof ClickHouseError)) throw error;
      throw new RequestError(
        400,
        `Cannot run the query: ClickHouse answered ${cause.code} ${cause.type}. What it says is not told where ` +
          "columns are masked",
      );
    }
  };
}

/** What ClickHouse says of a statement; how its message goes on in a log is for those who write. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof ProductionError)) return error;
  const { cause } = error;
  if (!(cause instanceof ClickHouseError)) return new RequestError(503, error.message);
  const only = Number(cause.code) === READONLY ? ". Only what reads is run here, and without SETTINGS" : "";
  const said = cause.message.trim().replace(/[.\s]+$/, "").slice(0, MESSAGE_LENGTH_MAX);
  return new RequestError(400, `Cannot run the query: ClickHouse answered ${cause.code} ${cause.type}: ${said}${only}`);
}

/** What cuts an answer off at a row more than is given, so that it is known that there are more. */
const LIMITS = {
  max_execution_time: SECONDS_MAX,
  max_result_rows: String(ROWS_MAX + 1),
  max_result_bytes: String(ANSWER_BYTES_MAX),
  result_overflow_mode: "break",
  max_block_size: String(ROWS_MAX + 1),
  max_memory_usage: String(1024 ** 3),
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  output_format_json_quote_denormals: 1,
  output_format_decimal_trailing_zeros: 1,
} as const;

/** @throws RequestError for an answer that is too large */
async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > 2 * ANSWER_BYTES_MAX) {
      throw new RequestError(
        400,
        `The answer has more than ${2 * ANSWER_BYTES_MAX} bytes: select fewer columns or rows`,
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
