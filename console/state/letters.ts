import { useEffect, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api/ask.ts";
import type { Letter, Letters, Replay } from "../api/contract.ts";
import { useAsked } from "./asked.ts";
import { choiceOf } from "./letter_choice.ts";

const PAGE_LETTERS = 100;

/** What a replay gave, or why there was none. */
export interface Replayed {
  readonly results: Replay["results"];
  readonly problem: string | null;
}

/** Dead letters of a choice, page by page, and what was done with them. */
export interface LetterList {
  /** The first page, with all counts. */
  readonly first: Letters | null;
  readonly letters: readonly Letter[];
  readonly problem: string | null;
  readonly loading: boolean;
  readonly replayed: Replayed | null;
  readonly again: () => void;
  /** Reads older ones; null: there are none. */
  readonly more: (() => Promise<void>) | null;
  readonly replay: (body: unknown) => Promise<void>;
}

/** The letters of a choice. */
export function useLetters(query: Readonly<Record<string, string>>): LetterList {
  const filter = filterOf(query);
  const { value, problem, loading, again } = useAsked<Letters>(`/api/dead-letters?${new URLSearchParams(filter)}`);
  const [older, setOlder] = useState<readonly Letter[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [replayed, setReplayed] = useState<Replayed | null>(null);
  useEffect(() => {
    setOlder([]);
    setNext(value?.next ?? null);
    setFault(null);
  }, [value]);
  const more = async () => {
    try {
      const page = await ask<Letters>(`/api/dead-letters?${new URLSearchParams({ ...filter, after: next! })}`);
      setOlder([...older, ...page.letters]);
      setNext(page.next);
    } catch (error) {
      setFault(sentenceOf(error));
    }
  };
  const replay = async (body: unknown) => {
    try {
      const { results } = await ask<Replay>("/api/dead-letters/replay", { body });
      setReplayed({ results, problem: null });
    } catch (error) {
      setReplayed({ results: [], problem: sentenceOf(error) });
    }
    again();
  };
  return {
    first: value,
    letters: [...value?.letters ?? [], ...older],
    problem: problem ?? fault,
    loading,
    replayed,
    again,
    more: next === null ? null : more,
    replay,
  };
}

function filterOf({ state = "open", ...query }: Readonly<Record<string, string>>): Record<string, string> {
  return { state, limit: String(PAGE_LETTERS), ...choiceOf(query) };
}
