import { useEffect, useState } from "preact/hooks";
import { Empty, Loading, Notice } from "../parts/notice.tsx";
import { counted, grouped, shown } from "../parts/text.ts";
import { type LetterList, useLetters } from "../state/letters.ts";
import { live } from "../state/live.ts";
import { linkTo } from "../state/address.ts";
import { choiceOf, emptyWords } from "../state/letter_choice.ts";
import { goTo, route } from "../state/route.ts";
import { LetterFilters } from "./letter_filters.tsx";
import { LetterPanel } from "./letter_panel.tsx";
import { LetterTable } from "./letter_table.tsx";
import { ReplayResults } from "./replay_results.tsx";

/** Records and rows that could not be processed: `#/letters/<id>?topology=&reason=&operator=&state=`. */
export function LettersPage() {
  const { path: [open], query } = route.value;
  const list = useLetters(query);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setChosen(new Set()), [list.first]);
  const { first, letters, problem, more, replayed } = list;
  if (first === null) {
    return problem === null
      ? <Loading what="dead letters" />
      : <Notice kind="warn">Dead letters cannot be shown. {problem}</Notice>;
  }
  const set = (change: Readonly<Record<string, string>>) => {
    const all = Object.entries({ ...query, ...change }).filter(([, text]) => text !== "");
    goTo(linkTo("letters", [], Object.fromEntries(all)));
  };
  const empty = emptyWords(query);
  return (
    <div class={`letters${open === undefined ? "" : " with-panel"}`}>
      <div class="letters-main">
        <LetterFilters letters={first} query={query} onSet={set} />
        <Actions list={list} chosen={chosen} query={query} />
        {problem !== null && <Notice kind="warn">{problem}</Notice>}
        <Elsewhere />
        {replayed !== null && <ReplayResults {...replayed} />}
        {letters.length === 0
          ? <Empty title={empty.title}>{empty.text}</Empty>
          : <LetterTable letters={letters} open={open} chosen={chosen} onChoose={setChosen} query={query} />}
        {more !== null && <button type="button" onClick={more}>Older ones</button>}
      </div>
      {open !== undefined && <LetterPanel key={open} id={open} query={query} onReplay={list.replay} />}
    </div>
  );
}

/** Letters that other instances keep, each for itself. */
function Elsewhere() {
  const { topologies = [], instances = [] } = live.value ?? {};
  const all = topologies.reduce((sum, { deadLetters }) => sum + deadLetters, 0);
  const here = instances.find((one) => one.here)?.deadLetters ?? 0;
  if (all <= here) return null;
  const others = instances.filter(({ deadLetters, here }) => !here && deadLetters > 0);
  return (
    <Notice kind="info">
      {counted(all - here, "other open letter")} {all - here === 1 ? "is" : "are"}{" "}
      with other instances, whose pages show {all - here === 1 ? "it" : "them"}:{" "}
      {others.map(({ instance }) => shown(instance, 80)).join(", ")}. With <code>WEIR_DEAD_LETTERS=topic</code>{" "}
      each shows all.
    </Notice>
  );
}

function Actions({ list: { first, loading, again, replay }, chosen, query }: {
  readonly list: LetterList;
  readonly chosen: ReadonlySet<string>;
  readonly query: Readonly<Record<string, string>>;
}) {
  const choice = choiceOf(query);
  return (
    <div class="toolbar">
      <button
        type="button"
        class="primary"
        disabled={chosen.size === 0 || loading}
        onClick={() => replay({ ids: [...chosen] })}
      >
        Replay {chosen.size === 0 ? "selected" : counted(chosen.size, "letter")}
      </button>
      {choice.topology !== undefined && choice.reason !== undefined && (
        <button
          type="button"
          disabled={loading}
          onClick={() => replay(choice)}
        >
          Replay all of this reason{choice.operator === undefined ? "" : " and operator"}
        </button>
      )}
      <button type="button" onClick={again} disabled={loading}>Look again</button>
      <span class="muted">
        {grouped(first?.open ?? 0)} open, {grouped(first?.resolved ?? 0)} resolved
      </span>
    </div>
  );
}
