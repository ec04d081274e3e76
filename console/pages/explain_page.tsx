import { useEffect, useState } from "preact/hooks";
import { explainPath, keyText } from "../../src/cli/explain/explain_path.ts";
import type { Explanation } from "../api/contract.ts";
import { Empty, Loading, Notice } from "../parts/notice.tsx";
import { shown } from "../parts/text.ts";
import { useAsked } from "../state/asked.ts";
import { explained } from "../state/explained.ts";
import { plan, planProblem } from "../state/live.ts";
import { linkTo } from "../state/address.ts";
import { goTo, route } from "../state/route.ts";
import { type ExplainedTable, explainedTables } from "../state/tables.ts";
import { ContributorTable } from "./contributor_table.tsx";
import { ExplanationView } from "./explanation_view.tsx";

/** Why a row is as it is, or is not there: `#/explain/<topology>/<table>/<key>`. */
export function ExplainPage() {
  const { path: [topology, table, key] } = route.value;
  const asked = topology !== undefined && table !== undefined &&
    key !== undefined;
  // The plan says which columns a key has.
  const known = plan.value !== null || planProblem.value !== null;
  const path = asked && known ? pathOf({ topology, table, key }) : null;
  const { value, problem, loading, again } = useAsked<Explanation>(path);
  useEffect(() => {
    if (value !== null) explained.value = value;
  }, [value]);
  return (
    <div class="explain">
      <Form topology={topology} table={table} value={key} />
      {!asked && (
        <Empty title="Ask why a row is as it is, or why it is not there">
          The source row, every lookup with its outcome, the step at which a missing row stopped, and whether what
          ClickHouse shows is what is computed.
        </Empty>
      )}
      {problem !== null && <Notice kind="warn">{shown(problem, 2_000)}</Notice>}
      {asked && loading && value === null && <Loading what="the explanation" />}
      {value !== null && (
        <ExplanationView explanation={value} onAgain={again}>
          {value.contributors !== undefined && <ContributorTable key={path} path={path!} first={value.contributors} />}
        </ExplanationView>
      )}
    </div>
  );
}

/** A key by its columns if they are known, so that no value has to be told apart from a list of values. */
function pathOf(
  { topology, table: name, key }: { readonly topology: string; readonly table: string; readonly key: string },
): string {
  const table = explainedTables().find((one) => one.topology === topology && one.name === name);
  const columns = table === undefined || table.holdsEvents === true ? null : table.key;
  return explainPath({ topology, table: name, columns }, fieldsOf(key, table));
}

/** Which table, and which key: one field for each of its columns. */
function Form({ topology, table: name, value }: {
  readonly topology?: string;
  readonly table?: string;
  readonly value?: string;
}) {
  const tables = withTable(explainedTables(), { topology, name });
  const places = tables.map((one) => `${one.topology}/${one.name}`);
  const given = topology !== undefined && name !== undefined ? `${topology}/${name}` : places[0] ?? "";
  const [place, setPlace] = useState(given);
  const table = tables[Math.max(0, places.indexOf(place))];
  const [fields, setFields] = useState<readonly string[]>([]);
  useEffect(() => {
    setPlace(given);
    setFields(fieldsOf(value, tables[places.indexOf(given)]));
  }, [given, value, places.length]);
  if (table === undefined) {
    return plan.value === null
      ? (
        <Notice kind="info">
          Tables are not known yet: the plan has not been read.
        </Notice>
      )
      : <Empty title="No topology writes tables whose rows could be explained" />;
  }
  return (
    <form
      class="explain-form"
      onSubmit={(event) => {
        event.preventDefault();
        const values = table.key.map((_column, at) => fields[at] ?? "");
        goTo(linkTo("explain", [table.topology, table.name, keyText(values)]));
      }}
    >
      <label>
        Table
        <select
          value={`${table.topology}/${table.name}`}
          onChange={(event) => {
            setPlace(event.currentTarget.value);
            setFields([]);
          }}
        >
          {tables.map((one, index) => (
            <option key={places[index]} value={places[index]}>
              {shown(one.name, 60)} ({shown(one.topology, 40)})
            </option>
          ))}
        </select>
      </label>
      {table.key.map((column, at) => (
        <label key={column}>
          {shown(column, 60)}
          <input
            value={fields[at] ?? ""}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) =>
              setFields(
                table.key.map((_name, index) => index === at ? event.currentTarget.value : fields[index] ?? ""),
              )}
          />
        </label>
      ))}
      <button type="submit" class="primary">Explain</button>
    </form>
  );
}

/** The tables, and that of an address if it is none of them: an operator within a topology has keys, too. */
function withTable(
  tables: readonly ExplainedTable[],
  { topology, name }: { readonly topology?: string; readonly name?: string },
): readonly ExplainedTable[] {
  if (topology === undefined || name === undefined) return tables;
  const there = tables.some((one) => one.topology === topology && one.name === name);
  return there ? tables : [...tables, { topology, name, key: ["key"] }];
}

/** The values of a key as it stands in an address, in the order of the table's columns. */
function fieldsOf(
  value: string | undefined,
  table: ExplainedTable | undefined,
): string[] {
  if (value === undefined) return [];
  if (table === undefined || table.key.length === 1) return [value];
  try {
    const values: unknown = JSON.parse(value);
    return Array.isArray(values) ? values.map((one) => typeof one === "string" ? one : JSON.stringify(one)) : [value];
  } catch {
    return [value];
  }
}
