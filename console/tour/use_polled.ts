import { useEffect, useState } from "preact/hooks";

/** Asks at once and then again and again; null: not now. A question that fails is asked again like any other. */
export function usePolled<T>(
  question: ((signal: AbortSignal) => Promise<T>) | null,
  { everyMs, key }: { readonly everyMs: number; readonly key: string },
): T | null {
  const [answer, setAnswer] = useState<{ readonly key: string; readonly value: T } | null>(null);
  const asks = question !== null;
  useEffect(() => {
    if (question === null) return;
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const value = await question(ending.signal);
        if (!ending.signal.aborted) setAnswer({ key, value });
      } catch {
        // Why nobody answers stands above the page already.
      }
      if (!ending.signal.aborted) timer = setTimeout(ask, everyMs);
    };
    ask();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [asks, key]);
  return answer?.key === key ? answer.value : null;
}
