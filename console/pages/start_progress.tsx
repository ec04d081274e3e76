import { isLoading, snapshotUnderWay, type Status } from "../../src/cli/start/status.ts";
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
      {loading.map(({ name, tasks, tasksRunning, lag, secondsLeft }) => (
        <div class="step" key={name}>
          <span>{shown(name, 60)}</span>
          <progress
            value={tasksRunning}
            max={Math.max(1, tasks)}
            aria-label={`Tasks of ${name} that run`}
          />
          <span class="number">
            {tasksRunning} of {tasks} tasks, {grouped(lag)} rows left
            {secondsLeft === null ? "" : `, ${duration(secondsLeft * 1000)}`}
          </span>
        </div>
      ))}
    </section>
  );
}
