import type { InstanceState, LiveState, TaskState } from "../api/contract.ts";
import { WordBadge } from "../parts/badge.tsx";
import { Loading, Notice } from "../parts/notice.tsx";
import { bytes, counted, duration, grouped, moment, shown } from "../parts/text.ts";
import { changes, instanceName, live, liveProblem } from "../state/live.ts";
import { linkTo } from "../state/address.ts";

/** Who runs what: processes of the group, their tasks, and what happened to them. */
export function InstancesPage() {
  const state = live.value;
  if (state === null) {
    const problem = liveProblem.value;
    return problem ? <Notice kind="warn">{problem.message}</Notice> : <Loading what="the state" />;
  }
  return (
    <div class="instances">
      <Processes state={state} />
      {state.topologies.map(({ name, tasks }) => <Tasks key={name} name={name} tasks={tasks} state={state} />)}
      <Changes />
    </div>
  );
}

function Processes({ state: { status, instances } }: { readonly state: LiveState }) {
  return (
    <section class="card">
      <h2>Instances</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Instances">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">instance</th>
              <th scope="col">state</th>
              <th scope="col" class="number">tasks</th>
              <th scope="col" class="number">running for</th>
              <th scope="col" class="number">memory</th>
            </tr>
          </thead>
          <tbody>
            {instances.map((instance) => <Process key={instance.instance} instance={instance} />)}
          </tbody>
        </table>
      </div>
      <dl class="facts addresses">
        <div>
          <dt>mode</dt>
          <dd>
            {status.mode === "embedded" ? "embedded" : "on Kafka and ClickHouse"}, data in {shown(status.data, 120)}
          </dd>
        </div>
        {Object.entries(status.addresses).map(([name, address]) => (
          <div key={name}>
            <dt>{shown(name, 40)}</dt>
            <dd>
              <code>{shown(address, 120)}</code>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Process({ instance: { instance, here, problem, tasks, uptimeMs, memory } }: {
  readonly instance: InstanceState;
}) {
  return (
    <tr>
      <td>
        {shown(instance, 120)}
        {here && <small>, this one</small>}
      </td>
      <td>
        <WordBadge word={problem === null ? "running" : "unreachable"} />
        {problem !== null && <p>{shown(problem, 400)}</p>}
      </td>
      <td class="number">{grouped(tasks)}</td>
      <td class="number">{uptimeMs === null ? "" : duration(uptimeMs)}</td>
      <td class="number">{memory === null ? "" : bytes(memory.rssBytes)}</td>
    </tr>
  );
}

/** One small square for each task says at a glance that all of them run; the table says which one does not. */
function Tasks({ name, tasks, state }: {
  readonly name: string;
  readonly tasks: readonly TaskState[];
  readonly state: LiveState;
}) {
  const status = state.status.topologies.find((topology) => topology.name === name);
  const tables = Map.groupBy(
    tasks,
    ({ id }) => id.slice(0, id.lastIndexOf("-")),
  );
  return (
    <section class="card">
      <div class="card-head">
        <h2>
          <a href={linkTo("topology", [name])}>{shown(name, 80)}</a>
        </h2>
        {status !== undefined && <WordBadge word={status.state} />}
        <span class="muted">{counted(tasks.length, "task")}</span>
        {status !== undefined && status.standbys > 0 && (
          <span class="muted">{counted(status.standbys, "standby")} here</span>
        )}
      </div>
      {tasks.length === 0 ? <p class="muted">No instance has a task of it yet.</p> : <TaskTable tables={tables} />}
      {status?.started !== null && status !== undefined && <Started reports={status.started} />}
    </section>
  );
}

function TaskTable({ tables }: { readonly tables: ReadonlyMap<string, readonly TaskState[]> }) {
  return (
    <table class="plain tasks">
      <thead>
        <tr>
          <th scope="col">table</th>
          <th scope="col">tasks</th>
          <th scope="col" class="number">lag</th>
          <th scope="col">not running</th>
        </tr>
      </thead>
      <tbody>
        {[...tables].map(([table, own]) => (
          <tr key={table}>
            <td>{shown(table, 80)}</td>
            <td>
              <span class="squares" aria-hidden="true">
                {own.map(({ id, state: word }) => (
                  <i
                    key={id}
                    class={word === "running" ? "good" : "warn"}
                    title={`${id}: ${word}`}
                  />
                ))}
              </span>
              {own.filter((task) => task.state === "running").length} of {own.length} run
            </td>
            <td class="number">
              {grouped(own.reduce((sum, { lag }) => sum + lag, 0))}
            </td>
            <td>{notRunning(own)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Tasks that do not run: some by name, many by number. */
function notRunning(tasks: readonly TaskState[]): string {
  const groups = Map.groupBy(
    tasks.filter(({ state }) => state !== "running"),
    ({ state, instance }) => `${state} (${instanceName(instance)})`,
  );
  return [...groups].map(([words, own]) =>
    `${own.length > 2 ? own.length : own.map(({ id }) => id).join(", ")} ${words}`
  )
    .join("; ");
}

function Started(
  { reports }: {
    readonly reports: NonNullable<
      LiveState["status"]["topologies"][number]["started"]
    >;
  },
) {
  return (
    <p class="muted started">
      Last start: {reports.length === 0
        ? "streams go on behind what they have done"
        : reports.map(({ sink, kept, written, deleted }) =>
          `${shown(sink, 60)} ${grouped(kept)} kept, ${grouped(written)} written, ${grouped(deleted)} deleted`
        ).join("; ")}
    </p>
  );
}

/** Tasks that moved or stopped, instances that came or went, starts, and the reasons that topologies tell. */
function Changes() {
  return (
    <section class="card">
      <h2>What happened since this page was opened</h2>
      {changes.value.length === 0
        ? <p class="muted">No task moved or stopped, and no instance came or went.</p>
        : (
          <ol class="results">
            {changes.value.map(({ at, topology, sentence }, index) => (
              <li key={`${at} ${index}`}>
                <time class="muted">{moment(at)}</time> {topology !== null && <b>{shown(topology, 60)}</b>}{" "}
                {shown(sentence, 600)}
              </li>
            ))}
          </ol>
        )}
    </section>
  );
}
