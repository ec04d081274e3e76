import type { ComponentChildren } from "preact";
import type { Letter } from "../api/contract.ts";
import { WordBadge } from "../parts/badge.tsx";
import { Loading, Notice } from "../parts/notice.tsx";
import { grouped, moment, shown, WHOLE_CHARACTERS } from "../parts/text.ts";
import { useAsked } from "../state/asked.ts";
import { linkTo } from "../state/address.ts";
import { LetterEdit } from "./letter_edit.tsx";

/** One letter with all that is kept of it; it may be edited and replayed. */
export function LetterPanel({ id, query, onReplay }: {
  readonly id: string;
  readonly query: Readonly<Record<string, string>>;
  readonly onReplay: (body: unknown) => Promise<void>;
}) {
  const { value: letter, problem, again } = useAsked<Letter>(
    `/api/dead-letters/${encodeURIComponent(id)}`,
  );
  return (
    <aside class="panel" aria-label="Dead letter">
      <header>
        <div>
          <p class="eyebrow">dead letter</p>
          <h2>{letter === null ? shown(id, 80) : shown(letter.reason, 80)}</h2>
        </div>
        <a
          class="icon"
          href={linkTo("letters", [], query)}
          aria-label="Close details"
        >
          ×
        </a>
      </header>
      {problem !== null && <Notice kind="warn">{problem}</Notice>}
      {letter === null ? problem === null && <Loading what="the letter" /> : (
        <Contents
          letter={letter}
          onReplay={(body) => onReplay(body).then(again)}
        />
      )}
    </aside>
  );
}

function Contents({ letter, onReplay }: {
  readonly letter: Letter;
  readonly onReplay: (body: unknown) => Promise<void>;
}) {
  const {
    topology,
    stage,
    operator,
    error,
    topic,
    partition,
    offset,
    timestampMs,
    stack,
    attempts,
    resolution,
  } = letter;
  return (
    <>
      <pre class="error">{shown(error, 4_000)}</pre>
      <dl class="facts">
        <Fact name="topology">
          <a href={linkTo("topology", [topology])}>{shown(topology, 80)}</a>
        </Fact>
        <Fact name="operator">{shown(operator, 200)} ({stage})</Fact>
        {topic !== null && (
          <Fact name="record">
            {shown(topic, 200)}, partition {partition}, offset {grouped(offset ?? 0)}
          </Fact>
        )}
        <Fact name="time">{moment(timestampMs)}</Fact>
      </dl>
      {resolution !== null && <Notice kind="good">It no longer applies: {shown(resolution, 600)}</Notice>}
      <LetterEdit letter={letter} onReplay={onReplay} />
      {attempts.length > 0 && (
        <section>
          <h3>Attempts</h3>
          <ol class="attempts">
            {attempts.map(({ atMs, outcome, sentence, edit }, index) => (
              <li key={index}>
                <time>{moment(atMs)}</time> <WordBadge word={outcome} />{" "}
                {shown(sentence ?? "Nobody knows yet what came of it.", 600)}
                {edit !== null && (
                  <details>
                    <summary>What was changed</summary>
                    <pre>{shown(edit, WHOLE_CHARACTERS)}</pre>
                  </details>
                )}
              </li>
            ))}
          </ol>
        </section>
      )}
      {stack !== null && (
        <details>
          <summary>Stack</summary>
          <pre>{shown(stack, WHOLE_CHARACTERS)}</pre>
        </details>
      )}
    </>
  );
}

function Fact(
  { name, children }: {
    readonly name: string;
    readonly children: ComponentChildren;
  },
) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
