import type { RunEvent } from "../../runtime/runner.ts";
import { counted } from "../numbers.ts";
import type { Event } from "./output.ts";

type StreamRunEvent = Extract<RunEvent, { readonly kind: "stream begun" | "records lost" | "changelog cleaned" }>;

/** Whether an event is of a stream. */
export function isStreamEvent(event: RunEvent): event is StreamRunEvent {
  return event.kind === "stream begun" || event.kind === "records lost" || event.kind === "changelog cleaned";
}

/** What an event of a stream means to a reader. */
export function streamEvent(topology: string, event: StreamRunEvent): Event {
  const { task } = event;
  if (event.kind === "changelog cleaned") {
    const { deleted, copied, seconds } = event;
    const took = `in ${counted(seconds, "second")}`;
    return {
      level: "info",
      name: "changelog cleaned",
      text: `${topology} has deleted ${counted(deleted, "record")} of earlier starts from the changelog of task ` +
        `"${task}" and written ${counted(copied, "record")} of them anew, ${took}`,
      fields: { topology, task, deleted, copied, seconds },
    };
  }
  if (event.kind === "stream begun") {
    const { position, records } = event;
    return {
      level: "debug",
      name: "stream begun",
      text: `${topology} reads task "${task}" from offset ${position}: ${counted(records, "record")} to its end`,
      fields: { topology, task, position, records },
    };
  }
  const { reason, records } = event;
  const what = records === 0 ? "may have lost records" : `has lost ${counted(records, "record")}`;
  return {
    level: "warn",
    name: "records lost",
    text: `${topology} ${what} of task "${task}": ${reason}`,
    fields: { topology, task, records, reason },
  };
}
