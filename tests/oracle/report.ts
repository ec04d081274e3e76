import { type Case, caseText, dullRowOf, type Failure, remarkable, run } from "./case.ts";
import { type Event, Rows } from "./history.ts";
import type { Group, Output, Plan, Step } from "./plan.ts";
import { shrinkCase } from "./shrink_case.ts";

/**
 * @throws Error with the smallest case found that fails as `life` does. `name` tells where it comes from, such as a
 * seed
 */
export async function assertHolds(life: Case, name: string): Promise<void> {
  const failure = await run(life);
  if (failure === null) return;
  const smallest = await shrinkCase({ life, failure });
  throw new Error(`${name} fails; shrunk from ${changesOf(life)} changes:\n${report(smallest.life, smallest.failure)}`);
}

/** How many changes of rows a case has. */
export function changesOf({ events }: Case): number {
  return events.filter((event) => event.do === "put" || event.do === "delete").length;
}

/**
 * A failing case for a person: the topology, the events one per line, what differs, and the command that repeats it.
 */
export function report(life: Case, failure: Failure): string {
  const { topology, partitions, sliceRows, compileAfterRows = "many" } = life;
  const counts = Object.entries(partitions).map(([source, count]) => `${source} ${count}`).join(", ");
  return [
    ...(typeof topology === "string" ? [`topology "${topology}"`] : planLines(topology)),
    `partitions: ${counts}; at most ${sliceRows} rows a slice, programs compiled after ${compileAfterRows} rows${
      life.refusals ? "; ClickHouse refuses some rows" : ""
    }${life.snapshots ? "; with snapshots" : ""}`,
    `events, of which changes: ${changesOf(life)} (columns not named are ${
      typeof topology === "string" ? "those of tests/topologies/store.ts" : dullText(life)
    }):`,
    ...eventLines(life).map((line, index) => `  ${index + 1}. ${line}`),
    ...failureLines(failure),
    `again: deno run -A tests/oracle/replay.ts '${caseText(life).replaceAll("'", "'\\''")}'`,
  ].join("\n");
}

function dullText(life: Case): string {
  const { id: _, ...columns } = dullRowOf(life, "a", 0);
  return Object.entries(columns).map(([column, value]) => `${column} ${value}`).join(", ");
}

function failureLines({ where, difference, message }: Failure): string[] {
  if (difference === null) return [`${where}: ${withoutTestFrames(message)}`];
  const { sink, columns, missing, wrong } = difference;
  return [
    `${where}: sink "${sink}" is not what the oracle computes, as [${columns.join(", ")}]:`,
    ...missing.map((row) => `  expected, not shown: ${row}`),
    ...wrong.map((row) => `  shown, not expected: ${row}`),
  ];
}

/** Of a stack only the runtime's part tells something. */
function withoutTestFrames(message: string): string {
  return message.split("\n").filter((line) => !/^\s+at .*\/tests\//.test(line)).join("\n");
}

function eventLines(life: Case): string[] {
  const rows = new Rows();
  return life.events.map((event) => {
    const line = eventLine(event, { rows, life });
    if (event.do === "put" || event.do === "delete") rows.apply(event);
    return line;
  });
}

function eventLine(event: Event, { rows, life }: { readonly rows: Rows; readonly life: Case }): string {
  switch (event.do) {
    case "put": {
      const id = event.row.id as number;
      const held = rows.get(event.table, id);
      const told = remarkable(event.row, held ?? dullRowOf(life, event.table, id));
      return `${held === undefined ? "insert" : "update"} ${event.table} ${rowText(told)}`;
    }
    case "delete":
      return `delete ${event.table} {id: ${event.id}}`;
    case "work":
      return "the topology begins to work";
    case "turns":
      return `${event.turns} turns of its work`;
    case "rest":
      return "rest: nothing is left to do";
    case "pass":
      return `${event.minutes} minutes later, rest`;
    case "restart":
      return `stop, ${event.minutes === undefined ? "" : `${event.minutes} minutes later `}start, then rest`;
  }
}

function rowText(row: Readonly<Record<string, unknown>>): string {
  return `{${Object.entries(row).map(([column, value]) => `${column}: ${JSON.stringify(value)}`).join(", ")}}`;
}

function planLines({ sources, steps, sinks }: Plan): string[] {
  return [`topology over ${sources.join(", ")}:`, ...steps.map(stepLine), ...sinks.map(sinkLine)];
}

function stepLine(step: Step): string {
  const { name, input } = step;
  switch (step.op) {
    case "filter":
    case "filterNot":
      return `  ${name} = ${input}.${step.op}(|${step.by}| % 3 ${step.op === "filter" ? "!==" : "==="} ${step.rest})`;
    case "expire":
      return `  ${name} = ${input}.expireAfter(${step.by === "num" ? "by num" : "num"}, ${step.minutes} min)`;
    case "spoil":
      return `  ${name} = ${input}.mapValues(${step.how} if |num| % 4 === ${step.rest})`;
    case "foreignKeyJoin":
      return `  ${name} = ${input}.${step.kind}(${step.right}, by ${step.column}), blended`;
    case "union":
      return `  ${name} = ${input}.union(${step.right})${step.apart ? ", even and odd keys" : ""}`;
    case "keyJoin":
      return `  ${name} = ${input}.${step.kind}(${step.right}, by key), blended`;
    case "reduce":
      return `  ${name} = ${input}.${groupText(step.group)} as one row`;
    case "aggregate":
      return `  ${name} = ${input}.${groupText(step.group)}`;
    case "selectKey":
      return `  ${name} = ${input}.selectKey(n: |${step.by}|${step.tagged ? ", tag" : ""})`;
    case "flatMapValues":
      return `  ${name} = ${input}.flatMapValues(|num| % 4 parts, by ${step.named ? "name" : "position"})`;
  }
}

function sinkLine({ sink, input, totals, columns }: Output): string {
  const table = totals === undefined ? input : `${input}.${groupText(totals)}`;
  return `  ${table}.to(${[`${sink}: key`, ...columns].join(", ")})`;
}

function groupText({ column, tagged, merged }: Group): string {
  return `groupBy(n: |${column}| % 7${tagged ? ", tag" : ""}).aggregate(${merged ? "all" : "added up"})`;
}
