import type { RunEvent, StartReport } from "../../runtime/runner.ts";
import { dataArgument } from "../data_option.ts";
import { whyOf } from "../letter_listing.ts";
import { counted } from "../numbers.ts";
import type { Failure } from "./failure.ts";
import type { Event } from "./output.ts";
import { isStandbyEvent, standbyEvent } from "./standby_events.ts";
import { isStreamEvent, streamEvent } from "./stream_events.ts";
import { hasResumed, startText } from "./start_report_text.ts";

/** What a topology's event means to a reader. `data`: the data directory, for commands that it names. */
export function eventOf(topology: string, event: RunEvent, { data }: { readonly data?: string } = {}): Event {
  if (isStandbyEvent(event)) return standbyEvent(topology, event);
  if (isStreamEvent(event)) return streamEvent(topology, event);
  switch (event.kind) {
    case "assigned":
      return {
        level: "debug",
        name: "assigned",
        text: `${topology} has ${counted(event.tasks.length, "task")}: ${event.tasks.join(", ")}`,
        fields: { topology, tasks: event.tasks, standbys: event.standbys ?? [] },
      };
    case "started":
      return startedEvent(topology, event.sinks);
    case "taken over":
      return {
        level: "warn",
        name: "taken over",
        text:
          `${topology} has taken its tables over from "${event.from}", of which nothing is needed any more. Leave ` +
          `--take-over out from now on. In Kafka, delete its inboxes: kafka-topics --bootstrap-server <broker> ` +
          `--delete --topic '${event.inboxes.join("|").replaceAll(".", "\\.")}', and its group: ` +
          `kafka-consumer-groups --bootstrap-server <broker> --delete --group weir.${event.from}`,
        fields: { topology, from: event.from, inboxes: event.inboxes },
      };
    case "restart":
      return {
        level: "warn",
        name: "restart",
        text: `${topology} starts task "${event.task}" again: ${event.reason}`,
        fields: { topology, task: event.task, reason: event.reason },
      };
    case "restored":
    case "snapshot ignored":
    case "snapshot failed":
      return snapshotEvent(topology, event);
    case "repaired":
      return {
        level: "warn",
        name: "repaired",
        text: `${topology} repaired ${
          counted(event.rows, "row")
        } that ClickHouse showed otherwise (task "${event.task}")`,
        fields: { topology, task: event.task, rows: event.rows },
      };
    case "remade": {
      const { sink, shares, rows } = event;
      const what = rows === null
        ? `view "${sink}" was gone: made again`
        : `table "${sink}" was gone: made again, ${counted(rows, shares ? "share" : "row")} written`;
      const fields = { topology, sink, rows };
      return { level: "warn", name: "made again", text: `${topology}: ${what}`, fields };
    }
    case "own table":
      return ownTableEvent(topology, event);
    case "doubt":
      return {
        level: "warn",
        name: "doubtful unit",
        text: `${topology}: column "${event.column}" of table "${event.table}" may be read wrongly: ${event.message}`,
        fields: { topology, table: event.table, column: event.column, message: event.message },
      };
    case "letters":
      return lettersEvent(topology, { ...event, data });
    case "problem":
      return problemEvent(topology, event);
  }
}

function problemEvent(
  topology: string,
  { name, problem }: Extract<RunEvent, { readonly kind: "problem" }>,
): Event {
  const fields = { topology, name, problem };
  if (problem === null) {
    return { level: "info", name: "problem solved", text: `${topology}: ${name} works again`, fields };
  }
  return { level: "warn", name: "problem", text: `${topology}: ${problem}`, fields };
}

function ownTableEvent(
  topology: string,
  { table, reason }: Extract<RunEvent, { readonly kind: "own table" }>,
): Event {
  return {
    level: "info",
    name: "own table",
    text: `${topology} reads and holds table "${table}" once more, beside other topologies: ${reason}`,
    fields: { topology, table, reason },
  };
}

type SnapshotRunEvent = Extract<RunEvent, { readonly kind: "restored" | "snapshot ignored" | "snapshot failed" }>;

function snapshotEvent(topology: string, event: SnapshotRunEvent): Event {
  switch (event.kind) {
    case "restored": {
      const { tasks, anew, rows, records } = event;
      const changed = anew === 0 ? "" : `; ${counted(anew, "task")} evaluate all of them, as the topology has changed`;
      return {
        level: "info",
        name: "restored",
        text: `${topology} begins ${counted(tasks, "task")} with ${counted(rows, "row")} from snapshots and reads ${
          counted(records, "record")
        } more${changed}`,
        fields: { topology, tasks, anew, rows, records },
      };
    }
    case "snapshot ignored":
      return {
        level: "info",
        name: "snapshot ignored",
        text: `${topology} starts ${
          event.tasks.length === 1
            ? `task "${event.tasks[0]}" without its snapshot`
            : `${counted(event.tasks.length, "task")} without their snapshots`
        }: ${event.reason}`,
        fields: { topology, tasks: event.tasks, reason: event.reason },
      };
    case "snapshot failed":
      return {
        level: "warn",
        name: "snapshot failed",
        text: `${topology} could not write a snapshot of task "${event.task}": ${event.reason}. The next start takes ` +
          `longer by what it would have held`,
        fields: { topology, task: event.task, reason: event.reason },
      };
  }
}

/** Of a text in a line of the log. */
const PART_LENGTH_MAX = 200;

/** The first dead letter of a reason, or how many more there are, with an example, and where to see them all. */
function lettersEvent(
  topology: string,
  { letters, example, more, data }: Extract<RunEvent, { readonly kind: "letters" }> & { readonly data?: string },
): Event {
  const { stage, reason, operator, key, error, topic, partition, offset, stack } = example;
  const place = stack?.split("\n")[0] ?? null;
  const position = topic === null ? "" : ` (${topic}/${partition}@${offset})`;
  const what = more ? `${counted(letters, "more dead letter")}, the last` : "dead letter";
  const about = key === null ? "" : ` for ${shortened(key)}`;
  const list = `deno task dlq${data === undefined ? "" : dataArgument(data)} --topology ${topology}`;
  return {
    level: "warn",
    name: "dead letters",
    text: `${topology}: ${what} at "${shortened(operator)}"${about}${position}, ${stage} ${reason}: ${
      shortened(whyOf(example))
    }${place === null ? "" : ` ${shortened(place)}`}. List them with ${list}`,
    fields: { topology, stage, reason, letters, operator, key, error, topic, partition, offset, place },
  };
}

/** In one line, without what a terminal would obey; cut where it is very long. */
function shortened(text: string): string {
  const plain = text.replaceAll(/\p{Cc}+/gu, " ");
  return plain.length <= PART_LENGTH_MAX ? plain : `${plain.slice(0, PART_LENGTH_MAX)}...`;
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
