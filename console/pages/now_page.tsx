import { useState } from "preact/hooks";
import type { LiveState, LiveTopology, TappedRow } from "../api/contract.ts";
import { WordBadge } from "../parts/badge.tsx";
import { Empty, Loading, Notice } from "../parts/notice.tsx";
import { PlainTable } from "../parts/plain_table.tsx";
import { brief, bytes, duration, grouped, shown } from "../parts/text.ts";
import { TapView } from "../parts/tap_view.tsx";
import { type ChartLine, TimeChart } from "../parts/time_chart.tsx";
import { lagOf } from "../state/history.ts";
import { live, liveProblem, plan } from "../state/live.ts";
import { linkTo } from "../state/address.ts";
import { proofWords } from "../state/proof_words.ts";
import { explainLink } from "../state/tables.ts";
import { ProofCard } from "./proof_card.tsx";
import { ProblemList } from "./problem_list.tsx";
import { runningOf, StartProgress } from "./start_progress.tsx";

const FLOW: readonly ChartLine[] = [
  { measure: "changes", label: "changes read", colour: "--line-1" },
  { measure: "rows", label: "rows written", colour: "--line-2" },
];
const LAG: readonly ChartLine[] = [{
  measure: "lag",
  label: "records behind",
  colour: "--line-3",
}];
const MEMORY: readonly ChartLine[] = [
  { measure: "resident", label: "resident", colour: "--line-1" },
  { measure: "heap", label: "heap", colour: "--line-2" },
  { measure: "external", label: "external", colour: "--line-3" },
];

/** How everything stands now. */
export function NowPage() {
  const state = live.value;
  if (state === null) {
    const problem = liveProblem.value;
    return problem ? <Notice kind="warn">{problem.message}</Notice> : <Loading what="the state" />;
  }
  return (
    <div class="now">
      <Figures state={state} />
      <ProblemList state={state} />
      {state.status.continuous.sinks.some(({ differing }) => differing > 0) && (
        <ProofCard proof={state.status.continuous} />
      )}
      <StartProgress state={state} />
      <div class="charts">
        <TimeChart
          title="Flow"
          lines={FLOW}
          unit={(value) => `${brief(value)}/s`}
        />
        <TimeChart title="Lag" lines={LAG} unit={brief} />
        <TimeChart title={ofThis(state, "Memory")} lines={MEMORY} unit={bytes} />
      </div>
      <div class="columns">
        <Topologies state={state} />
        <Lags state={state} />
      </div>
      {state.status.continuous.sinks.every(({ differing }) => differing === 0) && (
        <ProofCard proof={state.status.continuous} />
      )}
      <Ticker />
    </div>
  );
}

/** What is told of the asked one of several instances alone says so. */
function ofThis({ instances }: LiveState, words: string): string {
  return instances.length > 1 ? `${words} of this instance` : words;
}

function Figures({ state }: { readonly state: LiveState }) {
  const { status, topologies } = state;
  const sum = (count: (topology: LiveTopology) => number) =>
    topologies.reduce((total, topology) => total + count(topology), 0);
  const letters = sum(({ deadLetters }) => deadLetters);
  const figures = [
    [
      "changes a second",
      brief(sum(({ changesPerSecond }) => changesPerSecond)),
    ],
    ["rows a second", brief(sum(({ rowsPerSecond }) => rowsPerSecond))],
    ["records behind", grouped(sum(lagOf))],
    [
      "tasks running",
      `${sum(({ tasks }) => runningOf(tasks).length)}/${sum(({ tasks }) => tasks.length)}`,
    ],
    [state.instances.length > 1 ? "this instance runs for" : "running for", duration(status.uptimeMs)],
  ];
  return (
    <section aria-label="Figures" class="figures">
      {figures.map(([label, value]) => (
        <div key={label}>
          <b>{value}</b>
          <span>{label}</span>
        </div>
      ))}
      <a href={linkTo("letters")} class={letters > 0 ? "bad" : ""}>
        <b>{grouped(letters)}</b>
        <span>open dead letters</span>
      </a>
      <ProofFigure status={status} />
    </section>
  );
}

/** How the tables stand beside their source. */
function ProofFigure({ status }: { readonly status: LiveState["status"] }) {
  const { tone, figure: [large, small] } = proofWords(status.continuous, status.proof);
  return (
    <div class={`proof ${tone === "quiet" ? "" : tone}`}>
      <b>{large}</b>
      <span>{small}</span>
    </div>
  );
}

function Topologies({ state: { topologies } }: { readonly state: LiveState }) {
  return (
    <section class="card">
      <h2>Topologies</h2>
      <PlainTable
        label="Topologies"
        rows={topologies}
        keyOf={({ name }) => name}
        columns={[
          { title: "topology", cell: ({ name }) => <a href={linkTo("topology", [name])}>{shown(name, 60)}</a> },
          { title: "state", cell: ({ state }) => <WordBadge word={state} /> },
          { title: "changes/s", kind: "number", cell: ({ changesPerSecond }) => grouped(changesPerSecond) },
          { title: "rows/s", kind: "number", cell: ({ rowsPerSecond }) => grouped(rowsPerSecond) },
          { title: "lag", kind: "number", cell: (topology) => grouped(lagOf(topology)) },
          { title: "letters", kind: "number", cell: ({ deadLetters }) => grouped(deadLetters) },
        ]}
      />
    </section>
  );
}

/** Topics that somebody is behind with, the longest first. */
function Lags({ state }: { readonly state: LiveState }) {
  const topics = new Map<string, number>();
  for (const { lag } of state.topologies) {
    for (const [topic, records] of Object.entries(lag)) {
      topics.set(topic, Math.max(records, topics.get(topic) ?? 0));
    }
  }
  const rows = [...topics].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const most = Math.max(1, ...rows.map(([, records]) => records));
  return (
    <section class="card">
      <h2>Lag by topic</h2>
      {rows.length === 0 ? <p class="muted">The instance does not tell it.</p> : (
        <PlainTable
          label="Lag by topic"
          scroll="scroll lags"
          rows={rows}
          keyOf={([topic]) => topic}
          columns={[
            { title: null, kind: "head", cell: ([topic]) => shown(topic, 80) },
            { title: null, kind: "meter-cell", cell: ([, records]) => <Meter share={records / most} /> },
            { title: null, kind: "number", cell: ([, records]) => grouped(records) },
          ]}
        />
      )}
    </section>
  );
}

function Meter({ share }: { readonly share: number }) {
  return (
    <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="full" width="100" height="6" />
      <rect width={100 * share} height="6" />
    </svg>
  );
}

/** Rows as they reach a table. */
function Ticker() {
  const sinks = (plan.value?.topologies ?? []).flatMap(({ name, nodes }) =>
    nodes.filter(({ kind }) => kind === "sink").map((node) => ({
      topology: name,
      node,
    }))
  );
  const [chosen, choose] = useState("");
  const sink = sinks.find(({ topology, node }) => `${topology}/${node.id}` === chosen);
  return (
    <section class="card">
      <div class="card-head">
        <h2>Rows as they come</h2>
        <label class="inline">
          of <span class="sr">table</span>
          <select
            value={chosen}
            onChange={(event) => choose(event.currentTarget.value)}
          >
            <option value="">no table</option>
            {sinks.map(({ topology, node }) => (
              <option
                key={`${topology}/${node.id}`}
                value={`${topology}/${node.id}`}
              >
                {shown(node.label, 60)} ({shown(topology, 40)})
              </option>
            ))}
          </select>
        </label>
      </div>
      {sink === undefined
        ? (
          <Empty title="Choose a table to see its rows pass">
            Nothing is sampled while nobody looks.
          </Empty>
        )
        : (
          <TapView
            key={chosen}
            topology={sink.topology}
            node={sink.node.id}
            name={sink.node.label}
            linkOf={({ row, place }: TappedRow) => explainLink(sink.topology, { table: sink.node.label, row, place })}
          />
        )}
    </section>
  );
}
