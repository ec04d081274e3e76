import { Exception } from "./clickhouse_exception.ts";
import type { Engine } from "./clickhouse_engine.ts";
import type { Environment, Outcome } from "./environment.ts";
import type { Statement } from "./clickhouse_statement.ts";
import { inRevision, revisionOf } from "./native_revision.ts";

/** What is executed, and in which revision of Native it is answered. */
export interface Execution {
  readonly statement: Statement;
  readonly environment: Environment;
  /** The parameter `client_protocol_version`. It means nothing for what is inserted. */
  readonly nativeRevision: string | null;
}

/** Statements whose columns can be described. */
const DESCRIBED = new Set(["SELECT", "WITH", "FROM", "("]);
const FORMAT_AT_END = /\sFORMAT\s+Native\s*$/i;

/**
 * Executes a statement and answers in the revision of the format Native that was asked for.
 * @throws Exception, or an error whose message begins with `Code: N. DB::Exception:`
 */
export async function executeAsked(engine: Engine, { statement, environment, nativeRevision }: Execution) {
  const native = statement.keyword !== "INSERT" && /^native$/i.test(statement.format ?? environment.defaultFormat);
  const revision = native ? revisionOf(nativeRevision) : 0;
  const outcome: Outcome = await engine.execute(statement, environment);
  if (revision === 0 || outcome.kind !== "rows") return outcome;
  const types = () => typesOf(engine, { statement, environment });
  return { ...outcome, bytes: await inRevision({ bytes: outcome.bytes, revision, types }) };
}

/** Names of the types of a statement's columns, with the time zones that Native of revision 0 leaves out. */
async function typesOf(
  engine: Engine,
  { statement, environment }: Omit<Execution, "nativeRevision">,
): Promise<readonly string[] | null> {
  if (!DESCRIBED.has(statement.keyword)) return null;
  const sql = statement.sql.replace(FORMAT_AT_END, "");
  if (statement.format !== null && sql === statement.sql) {
    throw new Exception(
      { code: 48, codeName: "NOT_IMPLEMENTED" },
      "Cannot tell the time zones of DateTime columns: FORMAT Native does not stand at the statement's end. " +
        "Write it there, or ask by the parameter default_format=Native",
    );
  }
  const described = await engine.execute(
    { sql: `DESCRIBE TABLE (\n${sql}\n)`, keyword: "DESCRIBE", data: null, format: null },
    { ...environment, defaultFormat: "JSONCompactEachRow" },
  );
  if (described.kind !== "rows") throw new TypeError(`Cannot read a description from an answer of ${described.kind}`);
  const lines = new TextDecoder().decode(described.bytes).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line)[1]);
}
