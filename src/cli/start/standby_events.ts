import type { RunEvent } from "../../runtime/runner.ts";
import { counted } from "../numbers.ts";
import type { Event } from "./output.ts";

/** What happens to standbys. */
export type StandbyRunEvent = Extract<
  RunEvent,
  {
    readonly kind: "standbys took over" | "standby ignored" | "standby begun anew" | "standby given up" | "no standbys";
  }
>;

export function isStandbyEvent(event: RunEvent): event is StandbyRunEvent {
  return event.kind.includes("standby");
}

/** What a topology's event about standbys means to a reader. */
export function standbyEvent(topology: string, event: StandbyRunEvent): Event {
  if (event.kind === "no standbys") {
    return {
      level: "info",
      name: event.kind,
      text: `${topology}: WEIR_STANDBYS does nothing while this is the only instance: nobody else keeps its rows`,
      fields: { topology },
    };
  }
  if (event.kind === "standbys took over") {
    const { tasks, rows, records } = event;
    return {
      level: "info",
      name: event.kind,
      text: `${topology} takes over ${counted(tasks, "task")} with ${
        counted(rows, "row")
      } that it kept as their standby and reads ${counted(records, "record")} more`,
      fields: { topology, tasks, rows, records },
    };
  }
  const { kind, task, reason } = event;
  const fields = { topology, task, reason };
  switch (kind) {
    case "standby ignored":
      return {
        level: "info",
        name: kind,
        text: `${topology} starts task "${task}" without the rows that it kept as its standby: ${reason}`,
        fields,
      };
    case "standby begun anew":
      return {
        level: "info",
        name: kind,
        text: `${topology} reads the rows of task "${task}" again as its standby: ${reason}`,
        fields,
      };
    case "standby given up":
      return {
        level: "warn",
        name: kind,
        text: `${topology} keeps no rows of task "${task}" as its standby any more, and would read all of them if it ` +
          `got the task: ${reason}`,
        fields,
      };
  }
}
