import { counted } from "../numbers.ts";
import type { Event } from "./output.ts";
import { allTasksRun, type Status, type TopologyStatus } from "./status.ts";

/** `lost`: all tasks ran, now some do not. */
type Phase = "starting" | "running" | "lost" | "waiting" | "failed" | "ended";

/**
 * What has changed between two looks, where no event of its own tells it. That a topology has started, or has failed
 * and waits or not, is told when it happens (run_events.ts, topology_run.ts).
 */
export class StatusChanges {
  #before: Status | null = null;
  readonly #phases = new Map<string, Phase>();

  look(status: Status): Event[] {
    const before = this.#before;
    this.#before = status;
    // At the end everything stops; the end itself is an event.
    if (before !== null && before.ending !== null) return [];
    return [
      ...(before === null ? [] : instanceChanges(before, status)),
      ...status.topologies.flatMap((topology) => this.#topology(topology)),
      ...(status.ending === null ? [] : [{ level: "info", name: "ending", text: status.ending } as const]),
    ];
  }

  #topology(topology: TopologyStatus): Event[] {
    const { name, tasks, tasksRunning } = topology;
    const before = this.#phases.get(name) ?? "starting";
    const now = phaseOf(topology, before);
    this.#phases.set(name, now);
    if (now === before) return [];
    const fields = { topology: name, tasksRunning, tasks };
    if (now === "lost") {
      return [{
        level: "info",
        name: "tasks",
        text: `${name}: ${tasksRunning} of ${counted(tasks, "task")} run`,
        fields,
      }];
    }
    if (before !== "lost" || now !== "running") return [];
    return [{ level: "info", name: "tasks", text: `${name}: ${counted(tasks, "task")}, all run again`, fields }];
  }
}

function phaseOf(topology: TopologyStatus, before: Phase): Phase {
  const { state } = topology;
  if (state === "waiting" || state === "failed" || state === "ended") return state;
  if (allTasksRun(topology)) return "running";
  return before === "running" || before === "lost" ? "lost" : "starting";
}

function instanceChanges(before: Status, now: Status): Event[] {
  const events: Event[] = [];
  const tell = (name: string, event: Pick<Event, "text"> & Partial<Event>) =>
    events.push({ level: "info", name, ...event });
  if (now.demo !== null && isSent(now) && !isSent(before)) {
    const { seed, snapshot } = now.demo;
    const { rows } = snapshot!;
    tell("snapshot", {
      text: `The demo store's snapshot is sent: ${counted(rows, "row")}`,
      fields: { rows, seed },
    });
  }
  if (now.ending === null && now.demo !== null && now.demo.paused !== before.demo?.paused) {
    const { paused } = now.demo;
    tell("demo store", { text: `The demo store ${paused ? "pauses" : "goes on"}`, fields: { paused } });
  }
  if (now.proof !== null && now.proof.time !== before.proof?.time) {
    const { equal, rows, sinks } = now.proof;
    const text = `verify: ${equal ? "equal" : "DIFFERENT"}, ${counted(rows, "row")} of ${counted(sinks, "sink")}`;
    tell("verify", { text, level: equal ? "info" : "warn", fields: { equal, rows, sinks } });
  }
  return events;
}

function isSent({ demo }: Status): boolean {
  return demo !== null && demo.snapshot !== null && demo.snapshot.rows >= demo.snapshot.rowsTotal;
}
