import { useRef } from "preact/hooks";
import { isLoading, snapshotUnderWay, type Status, type TopologyStatus } from "../../src/cli/start/status.ts";
import { duration, grouped, shown } from "../parts/text.ts";

/** How far a start is; nothing once everything runs. */
export function StartProgress({ status }: { readonly status: Status }) {
  const snapshot = snapshotUnderWay(status);
  const loading = status.topologies.filter((topology) => topology.state === "starting" || isLoading(topology));
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

/** Rows that are left, of the most that were left since the page looks; tasks tell no total. */
function Loaded({ topology: { name, tasks, tasksRunning, lag, secondsLeft } }: { readonly topology: TopologyStatus }) {
  const most = useRef(lag);
  most.current = Math.max(most.current, lag);
  const left = secondsLeft === null ? "" : `, ${duration(secondsLeft * 1000)}`;
  return (
    <div class="step">
      <span>{shown(name, 60)}</span>
      {tasks === 0
        ? <span class="muted">waits for its turn</span>
        : <progress value={most.current - lag} max={Math.max(1, most.current)} aria-label={`Rows of ${name} read`} />}
      <span class="number">
        {tasks === 0 ? "" : `${tasksRunning} of ${tasks} tasks, ${grouped(lag)} rows left${left}`}
      </span>
    </div>
  );
}
