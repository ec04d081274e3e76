import type { Letter } from "../api/contract.ts";
import { WordBadge } from "../parts/badge.tsx";
import { moment, shown } from "../parts/text.ts";
import { linkTo } from "../state/address.ts";

/** Dead letters as a table from which some can be chosen. */
export function LetterTable({ letters, open, chosen, onChoose, query }: {
  readonly letters: readonly Letter[];
  readonly open: string | undefined;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (chosen: ReadonlySet<string>) => void;
  readonly query: Readonly<Record<string, string>>;
}) {
  const all = letters.every(({ id }) => chosen.has(id));
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  return (
    <div
      class="grid-scroll"
      tabIndex={0}
      role="region"
      aria-label="Dead letters"
    >
      <table class="grid letters-table">
        <thead>
          <tr>
            <th scope="col" class="lead">
              <input
                type="checkbox"
                aria-label="Select all"
                checked={all}
                onChange={() =>
                  onChoose(
                    all ? new Set() : new Set(letters.map(({ id }) => id)),
                  )}
              />
            </th>
            <th scope="col">time</th>
            <th scope="col">reason</th>
            <th scope="col">operator</th>
            <th scope="col">key</th>
            <th scope="col">error</th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <LetterRow
              key={letter.id}
              letter={letter}
              link={linkTo("letters", [letter.id], query)}
              state={{ open: letter.id === open, chosen: chosen.has(letter.id) }}
              onToggle={() => toggle(letter.id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LetterRow({ letter, link, state, onToggle }: {
  readonly letter: Letter;
  readonly link: string;
  readonly state: { readonly open: boolean; readonly chosen: boolean };
  readonly onToggle: () => void;
}) {
  const { id, timestampMs, reason, attempts, topology, operator, key, error } = letter;
  return (
    <tr class={state.open ? "selected" : ""}>
      <td class="lead">
        <input type="checkbox" aria-label={`Select ${id}`} checked={state.chosen} onChange={onToggle} />
      </td>
      <td class="number">{moment(timestampMs)}</td>
      <td>
        <a href={link}>{shown(reason, 40)}</a>{" "}
        {attempts.length > 0 && <WordBadge word={attempts.at(-1)?.outcome ?? "tried"} />}
      </td>
      <td>{shown(`${topology} / ${operator}`, 60)}</td>
      <td>
        <code>{shown(key, 40)}</code>
      </td>
      <td class="wide">{shown(error, 120)}</td>
    </tr>
  );
}
