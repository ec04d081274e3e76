import type { RunEvent } from "../../runtime/runner.ts";
import { counted } from "../numbers.ts";
import type { Event } from "./output.ts";

type StreamRunEvent = Extract<RunEvent, { readonly kind: "stream begun" | "records lost" }>;

/** Whether an event is of a stream. */
export function isStreamEvent(event: RunEvent): event is StreamRunEvent {
  return event.kind === "stream begun" || event.kind === "records lost";
}

/** What an event of a stream means to a reader. */
export function streamEvent(topology: string, event: StreamRunEvent): Event {
  const { task, records } = event;
  if (event.kind === "stream begun") {
    const { position } = event;
    return {
      level: "debug",
      name: "stream begun",
      text: `${topology} reads task "${task}" from offset ${position}: ${counted(records, "record")} to its end`,
      fields: { topology, task, position, records },
    };
  }
  const { reason } = event;
  const what = records === 0 ? "may have lost records" : `has lost ${counted(records, "record")}`;
  return {
    level: "warn",
    name: "records lost",
    text: `${topology} ${what} of task "${task}": ${reason}`,
    fields: { topology, task, records, reason },
  };
}
