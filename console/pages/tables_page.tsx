import { useEffect, useRef, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api/ask.ts";
import type { QueryResult } from "../api/contract.ts";
import { password } from "../api/password.ts";
import { DataGrid } from "../parts/data_grid.tsx";
import { download } from "../parts/download.ts";
import { Empty, Loading, Notice } from "../parts/notice.tsx";
import { csvOf, jsonOf } from "../parts/result_text.ts";
import { counted, grouped, shown } from "../parts/text.ts";
import { plan, planProblem } from "../state/live.ts";
import { remember, remembered } from "../state/query_history.ts";
import { linkTo } from "../state/address.ts";
import { route } from "../state/route.ts";
import { firstRows, keyText, type ShownTable, shownTables } from "../state/tables.ts";

const ROWS_FIRST = 100;

interface Answer {
  readonly sql: string;
  readonly result: QueryResult | null;
  readonly problem: string | null;
}

/** What the tables show, and questions in SQL: `#/tables/<table>`. */
export function TablesPage() {
  const { path: [name] } = route.value;
  const tables = shownTables();
  const table = tables.find((one) => one.name === name);
  const [sql, setSql] = useState("");
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [asking, setAsking] = useState<AbortController | null>(null);
  const current = useRef<AbortController | null>(null);
  const run = async (text: string) => {
    current.current?.abort();
    const abort = new AbortController();
    current.current = abort;
    setAsking(abort);
    try {
      const result = await ask<QueryResult>("/api/query", {
        body: { sql: text },
        signal: abort.signal,
      });
      remember(text);
      setAnswer({ sql: text, result, problem: null });
    } catch (error) {
      if (!abort.signal.aborted) {
        setAnswer({ sql: text, result: null, problem: sentenceOf(error) });
      }
    } finally {
      if (current.current === abort) setAsking(null);
    }
  };
  useEffect(() => {
    if (table === undefined) return;
    const text = firstRows(table, ROWS_FIRST);
    setSql(text ?? "");
    if (text !== null) return void run(text);
    current.current?.abort();
    setAnswer(null);
  }, [table?.name]);
  const secret = useRef(password.value);
  useEffect(() => {
    if (secret.current === password.value) return;
    secret.current = password.value;
    // What was refused may be answered now; what is typed meanwhile stays.
    if (answer !== null) run(answer.sql);
  }, [password.value]);
  return (
    <div class="tables">
      <TableList tables={tables} current={name} />
      <div class="tables-main">
        <Editor
          sql={sql}
          onChange={setSql}
          onRun={() => run(sql)}
          onStop={asking && (() => asking.abort())}
        />
        {table !== undefined && <About table={table} />}
        {asking !== null && <Loading what="rows" />}
        {answer === null
          ? asking === null && <NoRows table={table} />
          : <Result answer={answer} table={tableOf(answer.sql, tables)} />}
      </div>
    </div>
  );
}

function NoRows({ table }: { readonly table: ShownTable | undefined }) {
  const isMasked = table !== undefined && firstRows(table, ROWS_FIRST) === null;
  const title = isMasked
    ? "All columns of this table are masked: nothing of its rows is shown"
    : "Choose a table, or write a question";
  return <Empty title={title}>Only reading is allowed.</Empty>;
}

function TableList(
  { tables, current }: {
    readonly tables: readonly ShownTable[];
    readonly current?: string;
  },
) {
  if (plan.value === null) {
    return planProblem.value === null
      ? <Loading what="tables" />
      : <Notice kind="warn">{planProblem.value.message}</Notice>;
  }
  return (
    <nav class="table-list" aria-label="Tables">
      <h2>Tables</h2>
      {tables.map(({ topology, name, columns, holds }) => (
        <a
          key={`${topology} ${name}`}
          href={linkTo("tables", [name])}
          aria-current={name === current ? "page" : undefined}
        >
          <b>{shown(name, 60)}</b>
          <small>
            {shown(topology, 40)} · {counted(columns.length, "column")}
            {holds === "events" ? " · events" : holds === "shares" ? " · totals" : ""}
          </small>
        </a>
      ))}
      {tables.length === 0 && <p class="muted">No topology writes to ClickHouse.</p>}
    </nav>
  );
}

/** What a table shows: whose rows, and how they are told apart. */
function About({ table: { topology, key, columns, masked, from, holds } }: { readonly table: ShownTable }) {
  const words = { rows: "the newest row of each key", shares: "totals, added up", events: "each event once" };
  return (
    <p class="muted">
      Shows {words[holds]} of {shown(from, 80)} in <a href={linkTo("topology", [topology])}>{shown(topology, 60)}</a>;
      {" "}
      {holds === "events" ? "ordered by" : "key"} {shown(key.join(", "), 120)}
      {masked.length > 0 && (
        <>
          ; <b>{masked.length === columns.length ? "all columns are" : counted(masked.length, "column")} masked</b>
          , not shown here: {shown(masked.join(", "), 400)}
        </>
      )}
    </p>
  );
}

function Editor({ sql, onChange, onRun, onStop }: {
  readonly sql: string;
  readonly onChange: (sql: string) => void;
  readonly onRun: () => void;
  readonly onStop: (() => void) | null;
}) {
  const before = remembered.value;
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        onRun();
      }}
    >
      <label class="sr" for="sql">SQL, read only</label>
      <textarea
        id="sql"
        rows={4}
        spellcheck={false}
        placeholder="SELECT seller, sum(amount) FROM sales GROUP BY seller ORDER BY 2 DESC LIMIT 5"
        value={sql}
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            onRun();
          }
        }}
      />
      <div class="actions">
        <button type="submit" class="primary" disabled={sql.trim() === ""}>
          Run
        </button>
        {onStop !== null && (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        )}
        <span class="muted hint">Ctrl+Enter</span>
        {before.length > 0 && (
          <label class="inline">
            <span class="sr">Questions before</span>
            <select
              value=""
              onChange={(event) => onChange(before[Number(event.currentTarget.value)] ?? sql)}
            >
              <option value="">History ({before.length})</option>
              {before.map((text, index) => (
                <option key={index} value={String(index)}>
                  {shown(text, 90)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
    </form>
  );
}

function Result({ answer: { result, problem }, table }: {
  readonly answer: Answer;
  readonly table: ShownTable | undefined;
}) {
  if (result === null) {
    return <Notice kind="bad">{shown(problem ?? "", 4_000)}</Notice>;
  }
  const { columns, rows, rowsRead, elapsedMs, truncated } = result;
  const places = table === undefined ? null : keyPlaces(table, columns.map((column) => column.name));
  const file = table?.name ?? "result";
  return (
    <section aria-label="Result">
      <div class="result-head">
        <span role="status">
          {counted(rows.length, "row")}
          {truncated ? " (more than this page is given: add a LIMIT, or use deno task query)" : ""}
        </span>
        <span class="muted">
          {grouped(rowsRead)} rows read, {Math.round(elapsedMs)} ms
        </span>
        <span class="actions">
          <button
            type="button"
            onClick={() =>
              download(`${file}.csv`, {
                text: csvOf(result),
                type: "text/csv",
              })}
          >
            CSV
          </button>
          <button
            type="button"
            onClick={() =>
              download(`${file}.json`, {
                text: jsonOf(result),
                type: "application/json",
              })}
          >
            JSON
          </button>
        </span>
      </div>
      {columns.length === 0 ? <Empty title="The question gives no columns" /> : (
        <DataGrid
          columns={columns}
          rows={rows}
          label="Rows of the result"
          linkOf={places === null || table === undefined ? undefined : (row) =>
            linkTo("explain", [
              table.topology,
              table.name,
              keyText(places.map((place) => row[place])),
            ])}
        />
      )}
    </section>
  );
}

/** The table that a simple question is about: only of its rows it is known what they are. */
function tableOf(
  sql: string,
  tables: readonly ShownTable[],
): ShownTable | undefined {
  if (/\b(join|group\s+by|union|distinct)\b/i.test(sql)) return undefined;
  const [, plain, ticked] = /\bfrom\s+(?:(\w+)|`([^`]+)`)/i.exec(sql) ?? [];
  return tables.find(({ name, holds }) => name === (plain ?? ticked) && holds !== "events");
}

/** Where the key columns are in a result; null unless all of them are there. */
function keyPlaces(
  { key }: ShownTable,
  names: readonly string[],
): number[] | null {
  const places = key.map((column) => names.indexOf(column));
  return places.length === 0 || places.includes(-1) ? null : places;
}
