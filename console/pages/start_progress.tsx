import { useRef } from "preact/hooks";
import { isLoading, snapshotUnderWay } from "../../src/cli/start/status.ts";
import type { LiveState, LiveTopology, TaskState } from "../api/contract.ts";
import { duration, grouped, shown } from "../parts/text.ts";

/** How far a start is; nothing once everything runs. */
export function StartProgress({ state: { status, topologies } }: { readonly state: LiveState }) {
  const snapshot = snapshotUnderWay(status);
  const loading = topologies.filter(({ state, tasks }) =>
    state === "starting" || isLoading({ state, tasks: tasks.length, tasksRunning: runningOf(tasks).length })
  );
  if (snapshot === null && loading.length === 0) return null;
  return (
    <section class="card progress" aria-label="Start">
      <h2>Starting</h2>
      {snapshot !== null && (
        <div class="step">
          <span>demo store sends its tables</span>
          <progress
            value={snapshot.rows}
            max={snapshot.rowsTotal}
            aria-label="Rows of the demo store sent"
          />
          <span class="number">
            {grouped(snapshot.rows)} of {grouped(snapshot.rowsTotal)} rows
          </span>
        </div>
      )}
      {loading.map((topology) => <Loaded key={topology.name} topology={topology} />)}
    </section>
  );
}

/** Those of them that run. */
export function runningOf(tasks: readonly TaskState[]): readonly TaskState[] {
  return tasks.filter(({ state }) => state === "running");
}

/** Rows that are left, of the most that were left since the page looks; tasks tell no total. */
function Loaded({ topology: { name, tasks, secondsLeft } }: { readonly topology: LiveTopology }) {
  const rows = tasks.reduce((sum, { lag }) => sum + lag, 0);
  const most = useRef(rows);
  most.current = Math.max(most.current, rows);
  const left = secondsLeft === null ? "" : `, ${duration(secondsLeft * 1000)}`;
  return (
    <div class="step">
      <span>{shown(name, 60)}</span>
      {tasks.length === 0
        ? <span class="muted">waits for its turn</span>
        : <progress value={most.current - rows} max={Math.max(1, most.current)} aria-label={`Rows of ${name} read`} />}
      <span class="number">
        {tasks.length === 0
          ? ""
          : `${runningOf(tasks).length} of ${tasks.length} tasks, ${grouped(rows)} rows left${left}`}
      </span>
    </div>
  );
}
