import type { ComponentChildren } from "preact";
import type { ExplainedStep, Explanation } from "../api/contract.ts";
import { Badge, toneOf, WordBadge } from "../parts/badge.tsx";
import { RowView } from "../parts/row_view.tsx";
import { grouped, moment, shown } from "../parts/text.ts";
import { linkTo } from "../state/address.ts";

/** From the source to ClickHouse, step by step. */
export function ExplanationView({ explanation, onAgain }: {
  readonly explanation: Explanation;
  readonly onAgain: () => void;
}) {
  const {
    topology,
    table,
    key,
    outcome,
    sentence,
    source,
    steps,
    shown: row,
    totals,
    deadLetters,
  } = explanation;
  return (
    <article
      class="explanation"
      aria-label={`Explanation of ${table} ${shown(key, 80)}`}
    >
      <header class={`verdict ${toneOf(outcome)}`}>
        <div>
          <p class="eyebrow">{shown(topology, 60)} / {shown(table, 60)}</p>
          <h2>
            {keyOf(key)} <WordBadge word={outcome} />
          </h2>
          <p>{shown(sentence, 2_000)}</p>
        </div>
        <button type="button" onClick={onAgain}>Ask again</button>
      </header>
      <div class="explanation-body">
        <ol class="steps">
          {source !== null && (
            <Step
              tone="good"
              title="Source row"
              word={shown(source.topic, 120)}
            >
              <p class="muted">
                partition {source.partition}, offset {grouped(source.offset)}, {moment(source.timestampMs)}
              </p>
              <Folded row={source.row} label="Row of the source" />
            </Step>
          )}
          {steps.map((step, index) => <OperatorStep key={index} step={step} />)}
          {source === null && steps.length === 0 && <li class="muted">There is no row of a source to follow.</li>}
        </ol>
        <aside aria-label="Results">
          <Shown table={table} row={row} />
          <Totals totals={totals} />
          <Letters letters={deadLetters} />
        </aside>
      </div>
    </article>
  );
}

/** A key as its columns and values. */
function keyOf(key: unknown): string {
  if (key === null || typeof key !== "object") return shown(key, 200);
  return Object.entries(key).map(([column, value]) => `${shown(column, 60)} ${shown(value, 120)}`).join(", ");
}

function Shown(
  { table, row }: {
    readonly table: string;
    readonly row: Explanation["shown"];
  },
) {
  return (
    <section class="card">
      <h2>ClickHouse shows</h2>
      {row === null ? <p class="muted">{shown(table, 80)} shows no row of this key.</p> : (
        <>
          <p class="facts-line">
            <Badge tone={row.digestsEqual ? "good" : "bad"}>
              {row.digestsEqual ? "equal to what is computed" : "DIFFERS from what is computed"}
            </Badge>{" "}
            <span class="muted">
              version {shown(row.version, 60)}, task {shown(row.task, 80)}
            </span>
          </p>
          <RowView row={row.row} label="Row that ClickHouse shows" />
        </>
      )}
    </section>
  );
}

function Totals({ totals }: { readonly totals: Explanation["totals"] }) {
  if (totals.length === 0) return null;
  return (
    <section class="card">
      <h2>Adds to</h2>
      <ul class="totals">
        {totals.map(({ table, group, adds }, index) => (
          <li key={index}>
            <p>
              <b>{shown(table, 80)}</b> <span class="muted">{keyOf(group)}</span>
            </p>
            <RowView row={adds} label={`What it adds to ${table}`} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Letters(
  { letters }: { readonly letters: Explanation["deadLetters"] },
) {
  if (letters.length === 0) return null;
  return (
    <section class="card">
      <h2>Dead letters of this key</h2>
      <ul class="results">
        {letters.map(({ id, reason, error }, index) => (
          <li key={id ?? index}>
            {id === undefined ? <b>{shown(reason, 80)}</b> : <a href={linkTo("letters", [id])}>{shown(reason, 80)}</a>}:
            {" "}
            {shown(error, 400)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function OperatorStep(
  { step: { operator, op, outcome, sentence, lookup, row } }: {
    readonly step: ExplainedStep;
  },
) {
  return (
    <Step tone={toneOf(outcome)} title={shown(operator, 120)} word={op}>
      <p>
        <WordBadge word={outcome} /> {shown(sentence, 2_000)}
      </p>
      {lookup !== undefined && (
        <div class="lookup">
          <p>
            looks up <b>{shown(lookup.table, 80)}</b> <code>{shown(lookup.key, 120)}</code>{" "}
            <WordBadge word={lookup.outcome} />
          </p>
          {lookup.row !== null && <Folded row={lookup.row} label={`Row of ${lookup.table}`} />}
        </div>
      )}
      {row !== null && <Folded row={row} label={`Row after ${operator}`} />}
    </Step>
  );
}

function Step({ tone, title, word, children }: {
  readonly tone: string;
  readonly title: string;
  readonly word: string;
  readonly children: ComponentChildren;
}) {
  return (
    <li class={`step-item ${tone}`}>
      <h3>
        {title} <small>{word}</small>
      </h3>
      {children}
    </li>
  );
}

/** A row that is there for whoever wants to see it. */
function Folded(
  { row, label }: { readonly row: unknown; readonly label: string },
) {
  if (row === null || row === undefined) return <p class="muted">no row</p>;
  return (
    <details>
      <summary>{label}</summary>
      <RowView row={row} label={label} />
    </details>
  );
}
