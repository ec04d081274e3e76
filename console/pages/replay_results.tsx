import type { Replay } from "../api/contract.ts";
import { WordBadge } from "../parts/badge.tsx";
import { Notice } from "../parts/notice.tsx";
import { counted, shown } from "../parts/text.ts";

/** Results that are listed one by one. */
const RESULTS_SHOWN = 20;

/** What became of letters that were replayed. */
export function ReplayResults({ results, problem }: {
  readonly results: Replay["results"];
  readonly problem: string | null;
}) {
  if (problem !== null) {
    return <Notice kind="bad">Nothing was replayed. {shown(problem, 2_000)}</Notice>;
  }
  const done = results.filter(({ outcome }) => outcome === "replayed").length;
  const rest = results.length - done;
  return (
    <Notice kind={rest === 0 ? "good" : "warn"}>
      <p>
        {counted(done, "letter")} replayed{rest === 0 ? "." : `, ${rest} not.`}
      </p>
      <ul class="results">
        {results.slice(0, RESULTS_SHOWN).map(({ id, outcome, sentence }) => (
          <li key={id}>
            <WordBadge word={outcome} /> {shown(sentence, 600)}
          </li>
        ))}
      </ul>
      {results.length > RESULTS_SHOWN && <p>and {results.length - RESULTS_SHOWN} more</p>}
    </Notice>
  );
}
