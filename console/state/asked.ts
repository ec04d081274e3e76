import { useEffect, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api/ask.ts";
import { password } from "../api/password.ts";

/** What has been asked for: on its way, here, or why it is not. */
export interface Asked<T> {
  readonly value: T | null;
  readonly problem: string | null;
  readonly loading: boolean;
  /** Asks again; what is here stays until the answer has come. */
  readonly again: () => void;
}

/** Asks for `path` whenever it changes; null asks nothing. */
export function useAsked<T>(path: string | null): Asked<T> {
  const [round, setRound] = useState(0);
  const [state, setState] = useState<{ path: string | null; value: T | null; problem: string | null }>(
    { path: null, value: null, problem: null },
  );
  const [loading, setLoading] = useState(false);
  // With another password the answer is another one.
  const secret = password.value;
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    setLoading(true);
    ask<T>(path, { signal: abort.signal }).then(
      (value) => setState({ path, value, problem: null }),
      (error) => {
        if (!abort.signal.aborted) setState({ path, value: null, problem: sentenceOf(error) });
      },
    ).finally(() => {
      if (!abort.signal.aborted) setLoading(false);
    });
    return () => abort.abort();
  }, [path, round, secret]);
  const here = state.path === path;
  return {
    value: here ? state.value : null,
    problem: here ? state.problem : null,
    loading: path !== null && (loading || !here),
    again: () => setRound((now) => now + 1),
  };
}
