import type { Letters } from "../api/contract.ts";
import { grouped, shown } from "../parts/text.ts";
import { CHOSEN_BY } from "../state/letter_choice.ts";

/** Reasons with how many letters they have, and what else narrows the list. */
export function LetterFilters({ letters, query, onSet }: {
  readonly letters: Letters;
  readonly query: Readonly<Record<string, string>>;
  readonly onSet: (change: Readonly<Record<string, string>>) => void;
}) {
  return (
    <>
      <div class="toolbar">
        <label class="inline">
          Show
          <select
            value={query.state ?? "open"}
            onChange={(event) => onSet({ state: event.currentTarget.value })}
          >
            <option value="open">open ones</option>
            <option value="resolved">resolved ones</option>
            <option value="all">all</option>
          </select>
        </label>
        {CHOSEN_BY.filter((name) => query[name] !== undefined).map((name) => (
          <button
            type="button"
            key={name}
            class="chip"
            onClick={() => onSet({ [name]: "" })}
          >
            {name}: {shown(query[name], 60)} <span aria-hidden="true">×</span>
            <span class="sr">, remove this filter</span>
          </button>
        ))}
      </div>
      {letters.reasons.length > 0 && (
        <ul class="reasons" aria-label="Reasons">
          {letters.reasons.map((
            { topology, stage, reason, letters: count },
          ) => (
            <li key={`${topology} ${stage} ${reason}`}>
              <button
                type="button"
                aria-pressed={query.topology === topology &&
                  query.reason === reason}
                onClick={() => onSet({ topology, reason })}
              >
                <b class="number">{grouped(count)}</b> {shown(reason, 60)}
                <small>{shown(topology, 40)}, {stage}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
