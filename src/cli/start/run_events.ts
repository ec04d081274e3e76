import type { RunEvent, StartReport } from "../../runtime/runner.ts";
import { counted } from "../numbers.ts";
import type { Failure } from "./failure.ts";
import type { Event } from "./output.ts";
import { hasResumed, startText } from "./start_report_text.ts";

/** What a topology's event means to a reader. */
export function eventOf(topology: string, event: RunEvent): Event {
  switch (event.kind) {
    case "assigned":
      return {
        level: "debug",
        name: "assigned",
        text: `${topology} has ${counted(event.tasks.length, "task")}: ${event.tasks.join(", ")}`,
        fields: { topology, tasks: event.tasks },
      };
    case "started":
      return startedEvent(topology, event.sinks);
    case "restart":
      return {
        level: "warn",
        name: "restart",
        text: `${topology} starts task "${event.task}" again: ${event.reason}`,
        fields: { topology, task: event.task, reason: event.reason },
      };
    case "repaired":
      return {
        level: "warn",
        name: "repaired",
        text: `${topology} repaired ${
          counted(event.rows, "row")
        } that ClickHouse showed otherwise (task "${event.task}")`,
        fields: { topology, task: event.task, rows: event.rows },
      };
    case "doubt":
      return {
        level: "warn",
        name: "doubtful unit",
        text: `${topology}: column "${event.column}" of table "${event.table}" may be read wrongly: ${event.message}`,
        fields: { topology, table: event.table, column: event.column, message: event.message },
      };
    case "problem":
      return {
        level: event.problem === null ? "info" : "warn",
        name: event.problem === null ? "problem solved" : "problem",
        text: event.problem === null ? `${topology}: ${event.name} works again` : `${topology}: ${event.problem}`,
        fields: { topology, name: event.name, problem: event.problem },
      };
  }
}

/** `pauseMs`: until the next try; null when there will be none. */
export function failureEvent(
  { topology, failure, pauseMs }: {
    readonly topology: string;
    readonly failure: Failure;
    readonly pauseMs: number | null;
  },
): Event {
  const { reason, kind, fate, stack } = failure;
  const next = pauseMs === null ? "is not tried again" : `is tried again in ${Math.round(pauseMs / 1000)} s`;
  return {
    level: fate === "passes" ? "warn" : "error",
    name: "failed",
    text: `${topology} failed and ${next}: ${reason}`,
    fields: { topology, error: reason, kind, pauseMs, ...(stack === null ? {} : { stack }) },
  };
}

/** Says whether the topology took up what ClickHouse had, and what was done to each sink. */
function startedEvent(topology: string, sinks: readonly StartReport[]): Event {
  return {
    level: "info",
    name: "started",
    text: `${topology} ${startText(sinks)}`,
    fields: { topology, resumed: hasResumed(sinks), sinks },
  };
}
