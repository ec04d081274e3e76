import { useState } from "preact/hooks";
import type { Counters, PlannedTopology, PlanNode, RowCounts } from "../api/contract.ts";
import { WordBadge } from "../parts/badge.tsx";
import { Notice } from "../parts/notice.tsx";
import { PlainTable } from "../parts/plain_table.tsx";
import { brief, grouped, shown } from "../parts/text.ts";
import { TapView } from "../parts/tap_view.tsx";
import { instanceName, liveTopology, rates } from "../state/live.ts";
import { linkTo } from "../state/address.ts";

const PROBLEM_CHARACTERS = 1_200;

const COUNTERS: readonly (readonly [keyof RowCounts, string])[] = [
  ["in", "rows in"],
  ["out", "rows out"],
  ["filtered", "filtered"],
  ["joined", "with a partner"],
  ["withoutPartner", "without a partner"],
  ["nullKeys", "null keys"],
  ["waiting", "waiting"],
  ["errors", "errors"],
  ["dropped", "dropped"],
];

/** Shown only where there are any. */
const RARE: readonly (keyof RowCounts)[] = ["nullKeys", "waiting", "errors", "dropped"];

/** Everything about one node of the graph. */
export function NodePanel({ topology, node, focused, onFocus, onClose }: {
  readonly topology: PlannedTopology;
  readonly node: PlanNode;
  readonly focused: boolean;
  readonly onFocus: () => void;
  readonly onClose: () => void;
}) {
  const [watching, setWatching] = useState(false);
  const now = liveTopology(topology.name);
  const counters = now?.counters[node.id];
  const name = nameOf(node);
  return (
    <aside
      class="panel"
      aria-label={`Details of ${node.label}`}
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
    >
      <header>
        <div>
          <p class="eyebrow">{node.kind}</p>
          <h2>{shown(node.label, 200)}</h2>
        </div>
        <button
          type="button"
          class="icon"
          onClick={onClose}
          aria-label="Close details"
        >
          ×
        </button>
      </header>
      {node.detail.length > 0 && (
        <ul class="details">
          {node.detail.map((line, index) => <li key={index}>{shown(line, 400)}</li>)}
        </ul>
      )}
      <div class="actions">
        <button
          type="button"
          aria-pressed={watching}
          onClick={() => setWatching(!watching)}
        >
          {watching ? "Stop watching" : "Watch rows"}
        </button>
        <button type="button" aria-pressed={focused} onClick={onFocus}>
          {focused ? "Show everything" : "Focus"}
        </button>
        {node.kind === "sink" && <a class="button" href={linkTo("tables", [name])}>Open table</a>}
        <a
          class="button"
          href={linkTo("letters", [], {
            topology: topology.name,
            operator: node.letters,
          })}
        >
          Dead letters
        </a>
      </div>
      {watching && <TapView topology={topology.name} node={node.id} name={node.label} />}
      <CounterList
        counters={counters}
        rate={rates.value.get(topology.name)?.get(node.id)}
      />
      <JoinProblems problems={now?.joinProblems[node.id] ?? []} />
      <Tasks topology={topology} node={node} />
    </aside>
  );
}

/** What its topology says of a join. */
function JoinProblems({ problems }: { readonly problems: readonly string[] }) {
  return problems.map((problem) => <Notice key={problem} kind="warn">{shown(problem, PROBLEM_CHARACTERS)}</Notice>);
}

/** What a node is called elsewhere: a sink's view, an operator. */
function nameOf({ label, id }: PlanNode): string {
  return label === "" ? id : label;
}

function CounterList({ counters, rate }: {
  readonly counters: Counters | undefined;
  readonly rate: { readonly in: number; readonly out: number } | undefined;
}) {
  if (counters === undefined) return <p class="muted">Rows are not counted at this node.</p>;
  return (
    <>
      <CountSection title="Since the start of the process" counts={counters} rate={rate} />
      {counters.rows !== null && counters.rows !== undefined && (
        <CountSection title="Rows that are there now" counts={counters.rows} />
      )}
    </>
  );
}

function CountSection({ title, counts, rate }: {
  readonly title: string;
  readonly counts: RowCounts;
  readonly rate?: { readonly in: number; readonly out: number };
}) {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="counters">
        {COUNTERS.filter(([field]) => counts[field] !== undefined && (counts[field] > 0 || !RARE.includes(field))).map((
          [field, label],
        ) => (
          <div key={field} class={field === "errors" && counts[field]! > 0 ? "bad" : ""}>
            <dt>{label}</dt>
            <dd>
              {grouped(counts[field]!)}
              {rate !== undefined && (field === "in" || field === "out") && (
                <>
                  {" "}
                  <small>({brief(rate[field])}/s)</small>
                </>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The tasks that evaluate this node, and who has them. */
function Tasks({ topology: { name, description }, node }: {
  readonly topology: PlannedTopology;
  readonly node: PlanNode;
}) {
  const tasks = liveTopology(name)?.tasks;
  if (tasks === undefined) return null;
  const place = description.operators.find((operator) => operator.name === node.label)?.runsAt;
  if (place === "every instance") {
    return <p class="muted">Every instance has all of it.</p>;
  }
  const table = place?.replace(/^tasks of /, "") ??
    [...description.streams, ...description.stages].find((flow) =>
      flow.name === node.label ||
      flow.operators.some((operator) => operator.name === node.label)
    )?.name;
  const own = tasks.filter(({ id }) => id.slice(0, id.lastIndexOf("-")) === table);
  if (own.length === 0) return null;
  return (
    <section>
      <h3>Tasks of {shown(table, 80)}</h3>
      <PlainTable
        label={`Tasks of ${table}`}
        rows={own}
        keyOf={({ id }) => id}
        columns={[
          { title: "task", cell: ({ id }) => id },
          { title: "state", cell: ({ state }) => <WordBadge word={state} /> },
          { title: "lag", kind: "number", cell: ({ lag }) => grouped(lag) },
          { title: "instance", cell: ({ instance }) => instanceName(instance) },
        ]}
      />
    </section>
  );
}
