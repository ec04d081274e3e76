import { type Held, heldRows } from "./held_rows.ts";
import type { Instance, StreamView } from "./instance.ts";
import { staleKeys, storedRows } from "./instance.ts";
import type { Standby, StandbyState } from "./standby.ts";
import type { HostState, TaskHost } from "./task_host.ts";

/** Where one assigned task stands. */
export interface TaskStatus {
  readonly id: string;
  readonly partition: number;
  readonly state: HostState;
  /** Source records not read or not evaluated yet, as known; while the task starts, rows not evaluated yet count. */
  readonly lagRecords: number;
  /** Rows whose first evaluation waits for partners. */
  readonly pendingRows: number;
  /** `position`: the next offset to read. Null for a stream's task, which has none. */
  readonly inbox: { readonly topic: string; readonly position: number } | null;
}

/** What one standby keeps of another instance's task. */
export interface StandbyStatus {
  readonly id: string;
  readonly partition: number;
  readonly state: StandbyState;
  /** Source records not read yet, as known. */
  readonly lagRecords: number;
  readonly rows: number;
}

/** How a topology stands on one instance, as plain data. */
export interface RunnerStatus {
  readonly tasks: readonly TaskStatus[];
  readonly tasksRunning: number;
  readonly standbys: readonly StandbyStatus[];
  /** Source records not read or not evaluated yet, those of global tables included, as known. */
  readonly lagRecords: number;
  /** Rows held in memory: own rows of all tasks, right rows held for them, global tables, and those of standbys. */
  readonly storedRows: number;
  /** Records appended to inboxes so far. */
  readonly appendedRecords: number;
  /** Rows that are shown although they are not computed, because something failed, by sink. */
  readonly held: readonly Held[];
  /** Tables of which the last change of some keys could not be read, and how many keys these are. */
  readonly stale: readonly { readonly table: string; readonly keys: number }[];
}

/** How a topology stands that is not prepared yet. */
export const NOT_PREPARED: RunnerStatus = {
  tasks: [],
  tasksRunning: 0,
  standbys: [],
  lagRecords: 0,
  storedRows: 0,
  appendedRecords: 0,
  held: [],
  stale: [],
};

/** How the topology stands now. */
export function statusOf(instance: Instance): RunnerStatus {
  const tasks = [...[...instance.hosts.values()].map(taskStatus), ...instance.streams.values().map(streamStatus)];
  return {
    tasks,
    tasksRunning: tasks.filter(({ state }) => state === "running").length,
    standbys: [...instance.standbys.values()].map(standbyStatus),
    lagRecords: tasks.reduce((sum, task) => sum + task.lagRecords, instance.globals.lag),
    storedRows: storedRows(instance),
    appendedRecords: instance.producer.records,
    held: heldRows(instance.hosts.values()),
    stale: [...staleKeys(instance)].flatMap(([table, keys]) => keys > 0 ? [{ table, keys }] : []),
  };
}

function taskStatus(host: TaskHost): TaskStatus {
  return {
    id: host.id,
    partition: host.partition,
    state: host.state,
    lagRecords: host.unevaluated,
    pendingRows: host.task?.pending ?? 0,
    inbox: { topic: host.inboxTopic, position: host.inboxPosition },
  };
}

function streamStatus({ id, partition, state, position, end }: StreamView): TaskStatus {
  return { id, partition, state, lagRecords: Math.max(0, end - position), pendingRows: 0, inbox: null };
}

function standbyStatus({ id, partition, state, lag, rows }: Standby): StandbyStatus {
  return { id, partition, state, lagRecords: lag, rows: rows?.entries.size ?? 0 };
}
