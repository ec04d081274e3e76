/**
 * What a query is asked for: the time range, the distance of points, and the values chosen for the dashboard's
 * variables.
 */
export interface QueryContext {
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
  readonly variables: Readonly<Record<string, Choice>>;
}

/** `"all"`, or the values chosen. `options` are what "all" would stand for if it were written out. */
export interface Choice {
  readonly value: "all" | readonly string[];
  readonly options: readonly string[];
}

/** Value of Grafana's entry "All". */
const ALL = "$__all";

/**
 * Expands a ClickHouse query as Grafana and the ClickHouse plugin (4.20) do: in the browser first `$__conditionalAll`,
 * then variables; in the plugin the other macros.
 * @throws TypeError for a variable, format or macro that there is not
 */
export function expandSql(sql: string, context: QueryContext): string {
  return expandMacros(expandVariables(expandConditionalAll(sql, context), context), context);
}

/**
 * Takes a condition out when its variable says "All" or nothing. The plugin cuts at commas outside of nested
 * parentheses.
 */
function expandConditionalAll(sql: string, { variables }: QueryContext): string {
  const macro = "$__conditionalAll(";
  let text = sql;
  for (let at = text.lastIndexOf(macro); at >= 0; at = text.lastIndexOf(macro)) {
    const { args, end } = argumentsAt(text, at + macro.length);
    if (args.length !== 2) {
      throw new TypeError(`Cannot expand $__conditionalAll with ${args.length} arguments: ${args.join(" | ")}`);
    }
    const name = /\$\{?(\w+)\}?/.exec(args[1])?.[1] ?? "";
    const choice = variables[name];
    if (choice === undefined) {
      throw new TypeError(`Cannot expand variable "${name}": the dashboard has none of this name`);
    }
    const everything = choice.value === "all" || choice.value.length === 0 || choice.value.toString() === ALL;
    text = text.slice(0, at) + (everything ? "1=1" : args[0]) + text.slice(end);
  }
  return text;
}

function expandVariables(sql: string, { variables }: QueryContext): string {
  return sql.replaceAll(/\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)/g, (_, braced, format, plain) => {
    const name: string = braced ?? plain;
    const choice = variables[name];
    if (choice === undefined) {
      throw new TypeError(`Cannot expand variable "${name}": the dashboard has none of this name`);
    }
    const values = choice.value === "all" ? choice.options : choice.value;
    switch (format) {
      case "sqlstring":
        return values.map((value) => `'${value.replaceAll("'", "''").replaceAll('"', '\\"')}'`).join(",");
      case "csv":
        return values.join(",");
      default:
        throw new TypeError(
          `Cannot expand "${name}" in format ${format}: use :sqlstring or :csv, which are safe in SQL`,
        );
    }
  });
}

const seconds = (ms: number) => Math.floor(ms / 1000);
const date = (ms: number) => `toDate('${new Date(ms).toISOString().slice(0, 10)}')`;
const dateTime = (ms: number) => `toDateTime(${seconds(ms)})`;

const MACROS: Readonly<Record<string, (args: readonly string[], context: QueryContext) => string>> = {
  fromTime: (_, { fromMs }) => dateTime(fromMs),
  toTime: (_, { toMs }) => dateTime(toMs),
  interval_s: (_, { intervalMs }) => String(Math.max(1, seconds(intervalMs))),
  timeFilter: ([column], { fromMs, toMs }) => `${column} >= ${dateTime(fromMs)} AND ${column} <= ${dateTime(toMs)}`,
  dateFilter: ([column], { fromMs, toMs }) => `${column} >= ${date(fromMs)} AND ${column} <= ${date(toMs)}`,
  timeInterval: ([column], { intervalMs }) =>
    `toStartOfInterval(toDateTime(${column}), INTERVAL ${Math.max(1, seconds(intervalMs))} second)`,
};
const WITH_ARGUMENT = new Set(["timeFilter", "dateFilter", "timeInterval"]);

function expandMacros(sql: string, context: QueryContext): string {
  let text = "";
  let rest = 0;
  for (const match of sql.matchAll(/\$__(\w+)/g)) {
    const macro = MACROS[match[1]];
    if (macro === undefined) throw new TypeError(`Cannot expand macro "${match[0]}": it is not among those used here`);
    const after = match.index + match[0].length;
    const called = sql[after] === "(";
    const { args, end } = called ? argumentsAt(sql, after + 1) : { args: [], end: after };
    const wanted = WITH_ARGUMENT.has(match[1]) ? 1 : 0;
    if (args.length !== wanted) {
      throw new TypeError(`Cannot expand "${match[0]}" with ${args.length} arguments: it takes ${wanted}`);
    }
    text += sql.slice(rest, match.index) + macro(args, context);
    rest = end;
  }
  return text + sql.slice(rest);
}

/** Arguments from behind the opening parenthesis; `end` is behind the closing one. */
function argumentsAt(text: string, start: number): { readonly args: string[]; readonly end: number } {
  const args: string[] = [];
  let depth = 1;
  let from = start;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")") depth--;
    if ((text[at] === "," && depth === 1) || depth === 0) {
      args.push(text.slice(from, at).trim());
      from = at + 1;
    }
    if (depth === 0) return { args, end: at + 1 };
  }
  throw new TypeError(`Cannot read the arguments of a macro: a parenthesis is missing in ${text}`);
}

/** Steps to which Grafana rounds the distance of points: up to the first number, the second (milliseconds). */
const STEPS: readonly (readonly [below: number, step: number])[] = [
  [1_500, 1_000],
  [3_500, 2_000],
  [7_500, 5_000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
  [3_628_800_000, 2_592_000_000],
];

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Distance of points for a panel, as Grafana chooses it from the range and the panel's limits. */
export function intervalOf(
  panel: { readonly interval?: string; readonly maxDataPoints?: number },
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): number {
  const exact = (toMs - fromMs) / (panel.maxDataPoints ?? 1_000);
  const rounded = STEPS.find(([below]) => exact < below)?.[1] ?? 31_536_000_000;
  const [, count, unit] = /^(\d+)([smhd])$/.exec(panel.interval ?? "1s")!;
  return Math.max(rounded, Number(count) * UNITS[unit]);
}

/** Expands a PromQL expression as Grafana does, with all topologies chosen, so that Prometheus can read it. */
export function expandExpression(expression: string): string {
  return expression.replaceAll("$__rate_interval", "1m").replaceAll("$topology", ".*");
}
