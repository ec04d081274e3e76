import type { ComponentChildren } from "preact";
import type { ExplainedPartner, ExplainedStep, Explanation, SourceRow } from "../api/contract.ts";
import { Badge, toneOf, WordBadge } from "../parts/badge.tsx";
import { RowView } from "../parts/row_view.tsx";
import { grouped, moment, shown } from "../parts/text.ts";
import { linkTo } from "../state/address.ts";

/** From the source to ClickHouse, step by step. */
export function ExplanationView({ explanation, onAgain, children }: {
  readonly explanation: Explanation;
  readonly onAgain: () => void;
  /** Stands below the steps: the rows of a total. */
  readonly children?: ComponentChildren;
}) {
  const { topology, table, key, outcome, sentence, notes, unanswered, totals, outputs, deadLetters } = explanation;
  const { letter = null } = explanation.deletedBy ?? {};
  return (
    <article class="explanation" aria-label={`Explanation of ${shown(table, 60)} ${keyOf(key)}`}>
      <header class={`verdict ${toneOf(outcome)}`}>
        <div>
          <p class="eyebrow">{shown(topology, 60)} / {shown(table, 60)}</p>
          <h2>
            {keyOf(key)} <WordBadge word={outcome} />
          </h2>
          <p>{shown(sentence, 2_000)}</p>
          {notes.map((note, index) => <p key={index} class="muted">{shown(note, 1_000)}</p>)}
          {letter !== null && <a href={linkTo("letters", [letter])}>What was replayed of dead letter {letter}</a>}
          {unanswered.map(({ instance, problem }) => (
            <p key={instance} class="muted">Nothing is known of {shown(instance, 80)}: {shown(problem, 400)}</p>
          ))}
        </div>
        <button type="button" onClick={onAgain}>Ask again</button>
      </header>
      <div class="explanation-body">
        <div>
          <Steps explanation={explanation} />
          {children}
        </div>
        <aside aria-label="Results">
          {explanation.appended === undefined
            ? <Shown explanation={explanation} />
            : <Appended explanation={explanation} appended={explanation.appended} />}
          {outputs.length > 0 && (
            <section class="card">
              <h2>In each output</h2>
              <ul class="results">
                {outputs.map(({ output, outcome: word, sentence: why }) => (
                  <li key={output}>
                    <b>{shown(output, 80)}</b> <WordBadge word={word} /> {shown(why, 400)}
                  </li>
                ))}
              </ul>
            </section>
          )}
          <Totals totals={totals} />
          <Letters topology={topology} letters={deadLetters} />
        </aside>
      </div>
    </article>
  );
}

function Steps({ explanation: { source, sources, steps, contributors } }: { readonly explanation: Explanation }) {
  const rows = sources.length > 0 ? sources : source === null ? [] : [source];
  if (rows.length === 0 && steps.length === 0) {
    return contributors === undefined ? <p class="muted">There is no row of a source to follow.</p> : null;
  }
  return (
    <ol class="steps">
      {rows.map((row) => <Source key={row.table} source={row} />)}
      {steps.map((step, index) => <OperatorStep key={index} step={step} />)}
    </ol>
  );
}

function Source(
  { source: { table, topic, partition, offset, timestampMs, row, stale, key } }: { readonly source: SourceRow },
) {
  const place = [
    topic === null ? "" : shown(topic, 120),
    partition === null ? "" : `partition ${partition}`,
    offset === null ? "" : `offset ${grouped(offset)}`,
    timestampMs === null ? "" : moment(timestampMs),
  ].filter((part) => part !== "");
  return (
    <Step
      tone={row === null || stale ? "warn" : "good"}
      title={key === undefined ? `Source row of ${shown(table, 80)}` : `Event of ${shown(table, 80)}`}
      word=""
    >
      <p class="muted">{place.join(", ")}</p>
      {key !== undefined && <p class="muted">key {keyOf(key)}</p>}
      {stale && <p>Its last change could not be read, so this row is older than that.</p>}
      <Folded row={row} label={`Row of ${shown(table, 80)}`} />
    </Step>
  );
}

/** A key as its columns and values. */
function keyOf(key: unknown): string {
  if (key === null || typeof key !== "object") return shown(key, 200);
  return Object.entries(key).map(([column, value]) => `${shown(column, 60)} ${value === "" ? '""' : shown(value, 120)}`)
    .join(", ");
}

function Shown({ explanation: { table, shown: row, shownKnown, outcome } }: { readonly explanation: Explanation }) {
  if (row === null) {
    return (
      <section class="card">
        <h2>ClickHouse shows</h2>
        <p class="muted">
          {shownKnown ? `${shown(table, 80)} shows no row of this key.` : "It is not known what ClickHouse shows."}
        </p>
      </section>
    );
  }
  const [tone, judged] = row.changedByHand
    ? ["bad", "CHANGED BY HAND since it was written"] as const
    : row.digestsEqual === null
    ? ["quiet", outcome === "beyond retention" ? "kept by ClickHouse alone" : "not compared"] as const
    : row.digestsEqual
    ? ["good", "equal to what is computed"] as const
    : ["bad", "DIFFERS from what is computed"] as const;
  const who = [
    row.version === null ? "" : `version ${shown(row.version, 60)}`,
    row.task === null ? "" : `task ${shown(row.task, 80)}`,
  ].filter((part) => part !== "");
  return (
    <section class="card">
      <h2>ClickHouse shows</h2>
      <p class="facts-line">
        <Badge tone={tone}>{judged}</Badge> <span class="muted">{who.join(", ")}</span>
      </p>
      <RowView row={row.row} label="Row that ClickHouse shows" />
    </section>
  );
}

/** The rows that a record makes in a table of events. */
function Appended({ explanation: { table, shownKnown }, appended }: {
  readonly explanation: Explanation;
  readonly appended: NonNullable<Explanation["appended"]>;
}) {
  const nothing = shownKnown
    ? `${shown(table, 80)} has no row of this record.`
    : "It is not known what ClickHouse has.";
  return (
    <section class="card">
      <h2>ClickHouse has</h2>
      {appended.length === 0 && <p class="muted">{nothing}</p>}
      {appended.map(({ index, row, made, isExpected }) => {
        const [tone, judged] = row === null
          ? ["bad", "MISSING: this is computed"] as const
          : isExpected === null
          ? ["quiet", "nothing to compare it with"] as const
          : isExpected
          ? ["good", "equal to what is computed"] as const
          : ["bad", "DIFFERS from what is computed now"] as const;
        return (
          <div key={index}>
            <p class="facts-line">
              <Badge tone={tone}>{judged}</Badge> <span class="muted">row {index}</span>
            </p>
            <RowView row={row ?? made} label={`Row ${index} of this record`} />
          </div>
        );
      })}
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

function Letters({ topology, letters }: {
  readonly topology: string;
  readonly letters: Explanation["deadLetters"];
}) {
  if (letters.length === 0) return null;
  return (
    <section class="card">
      <h2>Dead letters of this key</h2>
      <ul class="results">
        {letters.map(({ reason, error }, index) => (
          <li key={index}>
            <a href={linkTo("letters", [], { topology, reason })}>{shown(reason, 80)}</a>: {shown(error, 400)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function OperatorStep(
  { step: { operator, op, outcome, sentence, lookup, partners = [], row } }: {
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
            looks up <b>{shown(lookup.table, 80)}</b> <code>{keyOf(lookup.key)}</code>{" "}
            <WordBadge word={lookup.outcome} />
          </p>
          {lookup.why !== null && <p>{shown(lookup.why.sentence, 1_000)}</p>}
          {lookup.row !== null && <Folded row={lookup.row} label={`Row of ${lookup.table}`} />}
        </div>
      )}
      {partners.map((partner, index) => <Partner key={index} partner={partner} />)}
      {row !== null && <Folded row={row} label={op === "tableJoin" ? "Row of the table" : `Row after ${operator}`} />}
    </Step>
  );
}

/** An event of the other side of a join of streams. */
function Partner(
  { partner: { table, topic, partition, offset, timeUs, key, row, isSure } }: {
    readonly partner: ExplainedPartner;
  },
) {
  const place = `${shown(topic, 120)}, partition ${partition}, offset ${grouped(offset)}, ${moment(timeUs / 1_000)}`;
  return (
    <div class="lookup">
      <p>
        {isSure ? "with" : "perhaps with"} <b>{shown(table, 80)}</b> <code>{keyOf(key)}</code>
      </p>
      <p class="muted">{place}</p>
      {row !== null && <Folded row={row} label={`Event of ${shown(table, 80)}`} />}
    </div>
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
