import type { InstanceState, LiveState, LiveTopology, TaskState } from "../api/contract.ts";
import { WordBadge } from "../parts/badge.tsx";
import { Loading, Notice } from "../parts/notice.tsx";
import { type PlainColumn, PlainTable } from "../parts/plain_table.tsx";
import { bytes, counted, duration, grouped, shown } from "../parts/text.ts";
import { instanceName, live, liveProblem } from "../state/live.ts";
import { linkTo } from "../state/address.ts";
import { Happened } from "./happened.tsx";

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
      {state.topologies.map((topology) => <Tasks key={topology.name} topology={topology} state={state} />)}
      <Happened state={state} />
    </div>
  );
}

function Processes({ state: { status, instances } }: { readonly state: LiveState }) {
  return (
    <section class="card">
      <h2>Instances</h2>
      <PlainTable label="Instances" rows={instances} keyOf={({ instance }) => instance} columns={PROCESS} />
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

const PROCESS: readonly PlainColumn<InstanceState>[] = [
  {
    title: "instance",
    cell: ({ instance, here }) => (
      <>
        {shown(instance, 120)}
        {here && <small>, this one</small>}
      </>
    ),
  },
  {
    title: "state",
    cell: ({ problem }) => (
      <>
        <WordBadge word={problem === null ? "running" : "unreachable"} />
        {problem !== null && <p>{shown(problem, 400)}</p>}
      </>
    ),
  },
  { title: "tasks", kind: "number", cell: ({ tasks }) => grouped(tasks) },
  { title: "running for", kind: "number", cell: ({ uptimeMs }) => uptimeMs === null ? "" : duration(uptimeMs) },
  { title: "memory", kind: "number", cell: ({ memory }) => memory === null ? "" : bytes(memory.rssBytes) },
];

/** One small square for each task says at a glance that all of them run; the table says which one does not. */
function Tasks({ topology: { name, state: word, tasks }, state: { status, instances } }: {
  readonly topology: LiveTopology;
  readonly state: LiveState;
}) {
  const here = status.topologies.find((topology) => topology.name === name);
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
        <WordBadge word={word} />
        <span class="muted">{counted(tasks.length, "task")}</span>
        {here !== undefined && here.standbys > 0 && <span class="muted">{counted(here.standbys, "standby")} here</span>}
      </div>
      {tasks.length === 0
        ? <p class="muted">No instance has a task of it yet.</p>
        : <TaskTable name={name} tables={tables} />}
      {here !== undefined && here.started !== null && (
        <Started reports={here.started} whose={instances.length > 1 ? "Last start of this instance" : "Last start"} />
      )}
    </section>
  );
}

function TaskTable({ name, tables }: {
  readonly name: string;
  readonly tables: ReadonlyMap<string, readonly TaskState[]>;
}) {
  return (
    <PlainTable
      label={`Tasks of ${name}`}
      scroll="scroll tasks"
      rows={[...tables]}
      keyOf={([table]) => table}
      columns={[
        { title: "table", cell: ([table]) => shown(table, 80) },
        { title: "tasks", cell: ([, own]) => <Squares tasks={own} /> },
        { title: "lag", kind: "number", cell: ([, own]) => grouped(own.reduce((sum, { lag }) => sum + lag, 0)) },
        { title: "not running", cell: ([, own]) => notRunning(own) },
      ]}
    />
  );
}

function Squares({ tasks }: { readonly tasks: readonly TaskState[] }) {
  return (
    <>
      <span class="squares" aria-hidden="true">
        {tasks.map(({ id, state: word }) => (
          <i key={id} class={word === "running" ? "good" : "warn"} title={`${id}: ${word}`} />
        ))}
      </span>
      {tasks.filter(({ state }) => state === "running").length} of {tasks.length} run
    </>
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
  { reports, whose }: {
    readonly reports: NonNullable<
      LiveState["status"]["topologies"][number]["started"]
    >;
    readonly whose: string;
  },
) {
  return (
    <p class="muted started">
      {whose}: {reports.length === 0
        ? "streams go on behind what they have done"
        : reports.map(({ sink, kept, written, deleted }) =>
          `${shown(sink, 60)} ${grouped(kept)} kept, ${grouped(written)} written, ${grouped(deleted)} deleted`
        ).join("; ")}
    </p>
  );
}
