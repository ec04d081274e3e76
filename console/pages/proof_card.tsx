import type { ContinuousProof, DifferingKey, SinkProof } from "../../src/cli/proof/proof_report.ts";
import { Notice } from "../parts/notice.tsx";
import { counted, duration, grouped, moment, shown } from "../parts/text.ts";
import { linkTo } from "../state/address.ts";
import { keyWords } from "../state/proof_words.ts";

const REASON_CHARACTERS = 300;

/** What is compared with the source while everything runs: how far each table is, and which rows differ. */
export function ProofCard({ proof }: { readonly proof: ContinuousProof }) {
  const { state, reason, sinks, leftOut } = proof;
  return (
    <section class="card" aria-label="Compared with the source">
      <h2>Compared with the source</h2>
      {state === "starting" && <p>It begins when everything runs.</p>}
      {(state === "off" || state === "failed") && (
        <p>Not while everything runs: {shown(reason, REASON_CHARACTERS)}. deno task verify compares when asked.</p>
      )}
      {sinks.map((sink) => <Differing key={`${sink.topology} ${sink.sink}`} sink={sink} />)}
      {sinks.length > 0 && <Rounds sinks={sinks} />}
      {leftOut.length > 0 && (
        <p>
          Left out: {leftOut.map(({ topology, sink, reason }, index) => (
            <span key={`${topology} ${sink}`}>
              {index > 0 && "; "}
              <b>{shown(sink, 80)}</b> of {shown(topology, 80)}: {shown(reason, REASON_CHARACTERS)}
            </span>
          ))}.
        </p>
      )}
    </section>
  );
}

function Rounds({ sinks }: { readonly sinks: readonly SinkProof[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Tables compared with the source">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">table</th>
            <th scope="col" class="number">rows equal</th>
            <th scope="col" class="number">differ</th>
            <th scope="col" class="number">not judged</th>
            <th scope="col">checked</th>
            <th scope="col">now</th>
          </tr>
        </thead>
        <tbody>
          {sinks.map((sink) => (
            <tr key={`${sink.topology} ${sink.sink}`}>
              <td>{shown(sink.sink, 80)}</td>
              <td class="number">{sink.checked === null ? "" : grouped(sink.rows)}</td>
              <td class="number">{grouped(sink.differing)}</td>
              <td class="number">{grouped(sink.unjudged)}</td>
              <td>
                {sink.checked === null
                  ? "not since the start"
                  : `${moment(sink.checked)}, in ${duration(sink.roundMs ?? 0)}`}
              </td>
              <td>{nowOf(sink)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function nowOf({ paused, waits, excused, compared, taken }: SinkProof): string {
  if (paused !== null) return shown(paused, REASON_CHARACTERS);
  const parts = [
    ...excused > 0 ? [`${counted(excused, "row")} excused by dead letters`] : [],
    ...taken.map(({ rows, reason }) =>
      `${counted(rows, "row")} as Weir's own log has them: ${shown(reason, REASON_CHARACTERS)}`
    ),
    ...waits !== null ? [shown(waits, REASON_CHARACTERS)] : [],
    ...compared > 0 ? [`${counted(compared, "row")} of this round compared`] : [],
  ];
  return parts.join("; ");
}

function Differing({ sink }: { readonly sink: SinkProof }) {
  const { topology, sink: name, differing, keys } = sink;
  if (differing === 0) return null;
  return (
    <Notice kind="bad">
      {counted(differing, "row")} of <b>{shown(name, 80)}</b> {differing === 1 ? "differs" : "differ"}{" "}
      from the source. Somebody else has changed the table, or Weir has a fault.
      {keys.length < differing && <>{" "}{keys.length === 0 ? "Which are hidden" : `The first ${keys.length}`}:</>}
      <ul>
        {keys.map((key) => (
          <li key={keyWords(key)}>
            {key.explain === null
              ? <span>{shown(keyWords(key), 120)}</span>
              : <a href={linkTo("explain", [topology, name, key.explain])}>{shown(keyWords(key), 120)}</a>}
            {wordsOf(key)}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function wordsOf({ kind, columns, since }: DifferingKey): string {
  const what = kind === "missing"
    ? "is missing"
    : kind === "extra"
    ? "should not be there"
    : columns.map(({ name, expected, actual }) =>
      `${shown(name, 60)} is ${shown(actual)} and should be ${shown(expected)}`
    ).join("; ");
  return `: ${what} (since ${moment(since)})`;
}
