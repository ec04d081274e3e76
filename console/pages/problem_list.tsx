import type { LiveState } from "../api/contract.ts";
import { Notice } from "../parts/notice.tsx";
import { shown } from "../parts/text.ts";
import { linkTo } from "../state/address.ts";

const SENTENCE_CHARACTERS = 1_200;

/** What is wrong, in words, with where to go. Topologies say themselves what must be done. */
export function ProblemList(
  { state: { status: { proof, continuous, ending }, topologies, instances } }: { readonly state: LiveState },
) {
  return (
    <>
      {instances.filter(({ problem }) => problem !== null).map(({ instance, problem }) => (
        <Notice key={`instance ${instance}`} kind="warn">
          Instance <b>{shown(instance, 80)}</b> has told nothing of itself, and what it does is missing here:{" "}
          {shown(problem, 400)}
        </Notice>
      ))}
      {ending !== null && <Notice kind="warn">{shown(ending, SENTENCE_CHARACTERS)}</Notice>}
      {continuous.state === "off" && proof !== null && !proof.equal && (
        <Notice kind="bad">
          Tables differ from their source. <code>deno task verify</code> names the rows;{" "}
          <a href={linkTo("explain")}>Explain</a> shows how one of them came about.
        </Notice>
      )}
      {topologies.map(({ name, problems, state }) =>
        problems.map((problem, index) => (
          <Notice
            key={`${name} ${index}`}
            kind={state === "failed" ? "bad" : "warn"}
          >
            <b>{shown(name, 60)}</b>: {shown(problem, SENTENCE_CHARACTERS)}
          </Notice>
        ))
      )}
      {topologies.filter(({ deadLetters }) => deadLetters > 0).map((
        { name, deadLetters },
      ) => (
        <Notice key={`letters ${name}`} kind="warn">
          <b>{shown(name, 60)}</b>: {deadLetters === 1 ? "1 record or row" : `${deadLetters} records or rows`}{" "}
          could not be processed.{" "}
          <a href={linkTo("letters", [], { topology: name })}>
            Look at them, fix and replay
          </a>.
        </Notice>
      ))}
    </>
  );
}
