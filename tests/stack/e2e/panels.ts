import { expandSql, intervalOf, type QueryContext } from "../../../tools/dashboards/expand.ts";
import type { Dashboard, Panel } from "../../../tools/dashboards/model.ts";
import { committed, panelsOf } from "../../grafana/support.ts";
import type { Stage } from "./stage.ts";

type Row = Record<string, unknown>;
/** Values chosen for variables; the others say "All". */
type Chosen = Readonly<Record<string, readonly string[]>>;

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Rows of a panel of the dashboard Sales, as Grafana would get them now. */
export async function salesPanel(stage: Stage, title: string, chosen: Chosen = {}): Promise<Row[]> {
  const [, dashboard] = committed().find(([, { uid }]) => uid === "store-sales")!;
  const panel = panelsOf(dashboard).find((candidate) => candidate.title === title);
  if (panel === undefined) throw new TypeError(`Cannot find panel "${title}" on the dashboard Sales`);
  const [rows] = await ask(stage, { panel, context: await contextOf(stage, dashboard, { chosen }) });
  return rows;
}

/** Asks ClickHouse as a reader. */
type Reader = Pick<Stage, "look">;

/** Runs every query that a panel sends to ClickHouse. @returns how many, and those of panels that stay empty */
export async function allPanels(stage: Reader): Promise<{ readonly executed: number; readonly empty: string[] }> {
  let executed = 0;
  const empty: string[] = [];
  for (const [file, dashboard] of committed()) {
    const context = await contextOf(stage, dashboard, { chosen: {} });
    for (const panel of panelsOf(dashboard)) {
      for (const rows of await ask(stage, { panel, context })) {
        executed++;
        if (rows.length === 0) empty.push(`"${panel.title}" in ${file}`);
      }
    }
  }
  return { executed, empty };
}

async function ask(stage: Reader, { panel, context }: { panel: Panel; context: QueryContext }): Promise<Row[][]> {
  const answers: Row[][] = [];
  for (const target of panel.targets) {
    if (!("rawSql" in target)) continue;
    const own = { ...context, intervalMs: intervalOf(panel, context) };
    answers.push(await stage.look(expandSql(target.rawSql, own)));
  }
  return answers;
}

/** The dashboard's own range of time up to now, and its variables with the options that their queries give. */
async function contextOf(
  stage: Reader,
  { time, templating }: Dashboard,
  { chosen }: { chosen: Chosen },
): Promise<QueryContext> {
  const [, count, unit] = /^now-(\d+)([smhd])$/.exec(time.from)!;
  const toMs = Date.now();
  const range = { fromMs: toMs - Number(count) * UNITS[unit], toMs };
  const choices: [string, { value: "all" | readonly string[]; options: string[] }][] = [];
  for (const { name, query, datasource } of templating.list) {
    // The others are answered by Prometheus.
    if (!datasource.type.includes("clickhouse")) continue;
    const rows = await stage.look(query);
    choices.push([name, {
      value: chosen[name] ?? "all",
      options: rows.map((row) => String(Object.values(row)[0])),
    }]);
  }
  return { ...range, intervalMs: 60_000, variables: Object.fromEntries(choices) };
}
