import { dataArgument } from "../data_option.ts";
import { counted, grouped } from "../numbers.ts";
import { textTable } from "../text_table.ts";
import { type Comparison, type Difference, isEqual } from "./compare.ts";
import type { SinkReport } from "./sink_report.ts";
import { isProven, isWhole, type VerifyReport } from "./verify_topologies.ts";

const HEADINGS = ["topology", "sink", "rows", "missing", "extra", "different", "stored rows", "time"];

/** The figures of every sink, examples of what differs, and the verdict, as lines. `data`: the data directory. */
export function reportLines(report: VerifyReport, { data }: { readonly data?: string } = {}): string[] {
  const table = textTable(
    HEADINGS,
    report.sinks.map(figures),
    { right: HEADINGS.map((_, index) => index >= 2 && index !== 6) },
  );
  const samples = report.sinks.flatMap((sink) => [
    ...sampleLines(sink.sink, sink.view),
    ...(sameFindings(sink) ? [] : sampleLines(`${sink.sink}_rows`, sink.stored)),
  ]);
  return [
    ...(report.sinks.length === 0 ? [] : [...table, ""]),
    ...noteLines(report, `deno task dlq${data === undefined ? "" : dataArgument(data)}`),
    ...samples,
    verdict(report),
  ];
}

function figures({ topology, sink, view, stored, durationMs }: SinkReport): string[] {
  const { rows, missing, extra, different } = view;
  const agrees = isEqual(stored)
    ? "equal"
    : `${grouped(stored.missing)} missing, ${grouped(stored.extra)} extra, ${grouped(stored.different)} different`;
  return [
    topology,
    sink,
    ...[rows, missing, extra, different].map(grouped),
    agrees,
    `${(durationMs / 1000).toFixed(2)} s`,
  ];
}

function sameFindings({ view, stored }: SinkReport): boolean {
  return view.missing === stored.missing && view.extra === stored.extra && view.different === stored.different;
}

/** `list`: the command that lists what was left out. */
function noteLines(report: VerifyReport, list: string): string[] {
  const lines: string[] = [];
  if (report.neverStarted.length > 0) {
    lines.push(`Not compared, because never started on this data: ${report.neverStarted.join(", ")}`);
  }
  if (report.refused > 0) {
    lines.push(`${counted(report.refused, "source row")} cannot be read and are left out (${list})`);
  }
  const unfit = report.sinks.reduce((sum, sink) => sum + sink.unfit, 0);
  for (const { topology, operator, rows, example } of report.uncomputed) {
    lines.push(
      `${counted(rows, "row")} cannot be computed by "${operator}" of ${topology} and are left out: for key ` +
        `${example.key}: ${example.error} (${list})`,
    );
  }
  for (const { topology, sink, reason } of report.unjudged) {
    lines.push(`Not compared: sink "${sink}" of ${topology}: ${reason}`);
  }
  for (const { topology, sink: aggregate, reason } of report.taken) {
    lines.push(`Not computed again, but taken from its changelog: "${aggregate}" of ${topology}: ${reason}`);
  }
  const moving = report.sinks.reduce((sum, sink) => sum + sink.moving, 0);
  if (moving > 0) lines.push(`${counted(moving, "row")} expired while they were compared, and are not judged`);
  const beyond = report.sinks.reduce((sum, sink) => sum + (sink.beyond ?? 0), 0);
  if (beyond > 0) {
    lines.push(`${counted(beyond, "row")} of windows beyond their retention are kept by ClickHouse alone, not judged`);
  }
  if (unfit > 0) lines.push(`${counted(unfit, "row")} do not fit their sink and are left out (${list})`);
  return lines;
}

function sampleLines(name: string, { samples }: Comparison): string[] {
  return samples.map((sample) => `${name}: ${sampleText(sample)}`);
}

function sampleText({ kind, key, columns }: Difference): string {
  switch (kind) {
    case "missing":
      return `row ${key} is missing`;
    case "extra":
      return `row ${key} should not be there`;
    case "twice":
      return `row ${key} is there twice`;
    case "different":
      return `row ${key}: ${
        columns.map(({ name, expected, actual }) => `${name} is ${actual} and should be ${expected}`).join("; ")
      }`;
  }
}

function verdict(report: VerifyReport): string {
  const rows = report.sinks.reduce((sum, { view }) => sum + view.rows, 0);
  const size = `${counted(rows, "row")} of ${counted(report.sinks.length, "sink")}`;
  if (report.sinks.length === 0) {
    return report.unjudged.length > 0
      ? "Nothing was compared"
      : "Nothing to compare: none of the topologies was ever started on this data";
  }
  if (isProven(report)) {
    return isWhole(report)
      ? `Equal: ${size}, as shown and as stored`
      : `Equal, but not whole: ${size}, as shown and as stored; the rows left out above are in no sink`;
  }
  const wrong = report.sinks.filter(({ view, stored }) => !isEqual(view) || !isEqual(stored)).map(({ sink }) => sink);
  return `DIFFERENT: ${wrong.join(", ")} (compared ${size})`;
}
