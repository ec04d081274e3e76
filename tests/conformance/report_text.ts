import { textTable } from "../../src/cli/text_table.ts";
import type { Verdict } from "./interpreter.ts";
import { type CaseRun, type SuiteReport, verdictsOf } from "./run_suites.ts";

const HEADINGS = [
  "suite",
  "partitions",
  "cases",
  "steps",
  "results",
  "equal",
  "declared",
  "different",
  "at the end",
  "equal",
  "declared",
  "different",
];

/**
 * What was found out, for people. A result is what one output is after one step. Of each case the first difference
 * alone is told: those behind it follow from it, as a rule.
 */
export function reportText(reports: readonly SuiteReport[]): string {
  const ran = reports.filter(({ runs }) => runs.length > 0);
  const rows = ran.flatMap(({ suite, runs }) =>
    [...new Set(runs.map(({ partitions }) => partitions))].map((partitions) =>
      tableRow(suite, runs.filter((run) => run.partitions === partitions))
    )
  );
  const sections = [
    rows.length === 0 ? [] : textTable(HEADINGS, rows, { right: HEADINGS.map((_, index) => index > 0) }),
    section("Declared differences:", ran.flatMap(declaredLines)),
    section("Not compared:", notComparedLines(ran)),
    section("Different:", ran.flatMap(differentLines)),
    section("Not run:", reports.flatMap(notRunLines)),
    [summary(reports)],
  ];
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n");
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, ...lines.map((line) => `  ${line}`)];
}

function tableRow(suite: string, runs: readonly CaseRun[]): string[] {
  const steps = runs.flatMap(({ comparison }) => comparison.steps);
  const end = runs.flatMap(({ comparison }) => comparison.end);
  const numbers = [
    runs[0].partitions,
    runs.length,
    runs.reduce((sum, run) => sum + run.steps, 0),
    steps.length,
    ...KINDS.map((kind) => countOf(steps, kind)),
    end.length,
    ...KINDS.map((kind) => countOf(end, kind)),
  ];
  return [suite, ...numbers.map(String)];
}

const KINDS = ["equal", "declared", "different"] as const;

function countOf(verdicts: readonly Verdict[], kind: Verdict["kind"]): number {
  return verdicts.filter((verdict) => verdict.kind === kind).length;
}

function declaredLines({ suite, runs }: SuiteReport): string[] {
  const counts = new Map<string, number>();
  for (const verdict of verdictsOf(runs)) {
    if (verdict.kind === "declared") counts.set(verdict.reason, (counts.get(verdict.reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${suite}, ${counted(count, "result")}: ${reason}`);
}

function notComparedLines(reports: readonly SuiteReport[]): string[] {
  const suites = new Map<string, string[]>();
  for (const { suite, notCompared } of reports) {
    for (const reason of notCompared) suites.set(reason, [...suites.get(reason) ?? [], suite]);
  }
  return [...suites].map(([reason, names]) => `${names.join(", ")}: ${reason}`);
}

function differentLines({ suite, runs }: SuiteReport): string[] {
  return runs.flatMap((run) => {
    const first = verdictsOf([run]).find((verdict) => verdict.kind === "different");
    if (first === undefined) return [];
    return [`${suite}, ${run.name}, ${counted(run.partitions, "partition")}: ${first.detail}`];
  });
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function notRunLines({ suite, notRun }: SuiteReport): string[] {
  return [...new Set(notRun.map(({ needs }) => needs))].map((needs) => {
    const cases = notRun.filter((one) => one.needs === needs);
    const steps = cases.reduce((sum, one) => sum + one.steps, 0);
    return `${suite}, ${counted(cases.length, "case")}, ${counted(steps, "step")}: not run: needs ${needs}`;
  });
}

function summary(reports: readonly SuiteReport[]): string {
  const runs = reports.flatMap((report) => report.runs);
  const verdicts = verdictsOf(runs);
  const notRun = reports.reduce((sum, report) => sum + report.notRun.length, 0);
  const cases = reports.reduce((sum, report) => sum + new Set(report.runs.map(({ name }) => name)).size, 0);
  const kinds = KINDS.map((kind) => `${countOf(verdicts, kind)} ${kind}`).join(", ");
  return `${counted(cases, "case")} in ${counted(runs.length, "run")}, ${counted(verdicts.length, "comparison")}: ` +
    `${kinds}; ${counted(notRun, "case")} not run`;
}
