import type { StartReport } from "../../runtime/runner.ts";
import { grouped } from "../numbers.ts";

/** Whether the start found something of the topology in ClickHouse, and went on from there. */
export function hasResumed(sinks: readonly StartReport[]): boolean {
  return sinks.some(({ kept, deleted, held = 0, rewritten = 0 }) => kept + deleted + held + rewritten > 0);
}

/** Of a topology that has no tables: nothing is compared at a start. */
const STREAMS_ONLY = "started: streams go on behind what they have done";

/** What a start did to each of its sinks. */
export function startText(sinks: readonly StartReport[]): string {
  if (sinks.length === 0) return STREAMS_ONLY;
  const resumed = hasResumed(sinks);
  const parts = sinks.map((report) => `${report.sink} ${resumed ? resumedText(report) : freshText(report)}`);
  return `${resumed ? "resumed" : "started fresh"}: ${parts.join("; ")}`;
}

/** The same, all sinks added up. */
export function startSummary(sinks: readonly StartReport[]): string {
  if (sinks.length === 0) return STREAMS_ONLY;
  const sum = (count: (report: StartReport) => number) => sinks.reduce((total, report) => total + count(report), 0);
  const kinds = new Set(sinks.map((report) => unitOf(report).many));
  const rewritten = sum((report) => report.rewritten ?? 0);
  const why = rewritten === 0 ? "" : ` (${grouped(rewritten)} of them because their content changed)`;
  const kept = `${grouped(sum((report) => report.kept))} ${[...kinds].join(" and ")} kept`;
  const written = `${grouped(sum((report) => report.written))} written${why}`;
  const deleted = `${grouped(sum((report) => report.deleted))} deleted`;
  const held = heldText(sum((report) => report.held ?? 0));
  return `${hasResumed(sinks) ? "resumed" : "started fresh"}: ${kept}, ${written}, ${deleted}${held}`;
}

function freshText(report: StartReport): string {
  return `${grouped(report.written)} ${unitOf(report).many} written`;
}

function resumedText(report: StartReport): string {
  const { kept, written, deleted, held = 0, rewritten = 0, added = [] } = report;
  const { one, many } = unitOf(report);
  const columns = added.length === 0 ? "" : ` (column added: ${added.join(", ")})`;
  if (rewritten > 0 && kept + deleted + held === 0) {
    const others = written > rewritten ? `, ${grouped(written - rewritten)} others written` : "";
    return `every ${one} rewritten because its content changed${columns}: ${grouped(rewritten)} ${many}${others}`;
  }
  const why = rewritten === 0 ? "" : `, ${grouped(rewritten)} of them because their content changed${columns}`;
  return `${grouped(kept)} ${many} kept, ${grouped(written)} written${why}, ${grouped(deleted)} deleted${
    heldText(held)
  }`;
}

/** Empty if there are none. */
function heldText(held: number): string {
  return held === 0 ? "" : `, ${grouped(held)} HELD as they were, because what they are computed from failed`;
}

/** A task writes its share of a group's totals; the table shows the group once, with the shares added up. */
function unitOf({ shares }: StartReport): { readonly one: string; readonly many: string } {
  return shares ? { one: "share of a group", many: "shares of groups" } : { one: "row", many: "rows" };
}
