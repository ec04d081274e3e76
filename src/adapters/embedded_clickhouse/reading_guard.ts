import { literal } from "../../record/clickhouse_names.ts";
import type { Engine } from "./clickhouse_engine.ts";
import type { Environment } from "./environment.ts";
import { Exception, exceptionOf } from "./clickhouse_exception.ts";
import { namedIn } from "./named_in_statement.ts";
import { outsideDefinitions } from "./outside_definitions.ts";
import { refusal, refuseOutside, refuseUnknown } from "./reading_rules.ts";

/** Statements that are known to be harmless, and characters of one that is kept. */
const APPROVED_MAX = 1_000;
const APPROVED_LENGTH_MAX = 20_000;
const QUERY_BYTES_MAX = 4 * 2 ** 20;
/** What writes a statement down again. */
const FORMATTED = "formatQuerySingleLine";

/** Judges statements of whoever only reads. */
export interface ReadingGuard {
  /**
   * Refuses a statement that reaches anything but tables of the databases, tables of ClickHouse itself that tell of
   * nobody, and functions that compute. What passes need not be a statement that ClickHouse can run.
   * @throws Exception 164 (READONLY), 62 (SYNTAX_ERROR)
   */
  check(sql: string, environment: Pick<Environment, "database" | "parameters" | "gone">): Promise<void>;
  /** To be called when `sql` has been run, which may have changed what tables, views and functions are. */
  definitionsChanged(sql: string): void;
}

/**
 * A guard that asks the engine how it understands a statement: its parser writes the statement down again in its own
 * words, with plain names, and all names are looked at, of that and of the statement as it came. What has passed is
 * remembered, so that whoever asks the same again and again does not wait for it.
 */
export function readingGuard(engine: Engine): ReadingGuard {
  const approved = new Set<string>();
  let generation = 0;
  const never = new AbortController().signal;
  const definitions = outsideDefinitions((sql) => rows(sql, never));

  async function rows(sql: string, gone: AbortSignal): Promise<string[][]> {
    const outcome = await engine.execute({ sql, keyword: "SELECT", data: null, format: "JSONCompact" }, {
      ...{ database: null, parameters: new Map(), readonly: 2, rights: "all", defaultFormat: "JSONCompact", gone },
      settings: new Map([["max_query_size", String(QUERY_BYTES_MAX)]]),
    });
    if (outcome.kind !== "rows") throw new TypeError(`Cannot read rows from an answer of ${outcome.kind}`);
    return JSON.parse(new TextDecoder().decode(outcome.bytes)).data;
  }

  async function written(sql: string, gone: AbortSignal): Promise<string> {
    try {
      return (await rows(`SELECT ${FORMATTED}(${literal(sql)})`, gone))[0][0];
    } catch (error) {
      const { code, codeName, message } = exceptionOf(error);
      // Where it says that it stands is nobody's statement.
      const end = message.indexOf(`: In scope SELECT ${FORMATTED}`);
      throw new Exception({ code, codeName }, end < 0 ? message : message.slice(0, end));
    }
  }

  function remember(key: string): void {
    if (key.length > APPROVED_LENGTH_MAX) return;
    approved.add(key);
    if (approved.size > APPROVED_MAX) approved.delete(approved.values().next().value!);
  }

  return {
    check: async (sql, { database, parameters, gone }) => {
      if (database === "system") throw refusal("Cannot use the database system: name its tables, as in system.tables");
      const key = JSON.stringify([database, sql, [...parameters]]);
      if (approved.delete(key)) return remember(key);
      const begun = generation;
      const asked = namedIn(sql, parameters);
      refuseOutside(asked);
      const understood = namedIn(await written(sql, gone), parameters);
      refuseOutside(understood);
      const known = await definitions.known();
      for (const named of [asked, understood]) refuseUnknown(named, known);
      if (database !== null && known.leadOutside.has(database)) {
        throw refusal(`Cannot use the database "${database}": its tables are kept elsewhere`);
      }
      if (begun === generation) remember(key);
    },
    definitionsChanged: (sql) => {
      generation++;
      approved.clear();
      definitions.changed(sql);
    },
  };
}
