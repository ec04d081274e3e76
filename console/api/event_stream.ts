import { authorization, password } from "./password.ts";
import { type AskProblem, problemOf, unreachable } from "./problem.ts";
import { EventLines } from "./event_lines.ts";

/** Waits between two tries to connect. */
const RETRY_MS = [500, 1_000, 2_000, 4_000] as const;
/** After an answer that will not change soon. */
const REFUSED_MS = 10_000;
/** A stream that says nothing for so long is broken, although nobody has closed it. */
const SILENCE_MS_MAX = 15_000;

/** What is told of a stream of server-sent events. */
export interface StreamListener {
  /** One event's data, parsed. */
  readonly onData: (data: unknown) => void;
  /** Data of an event called `problem`: part of what could be told is missing. */
  readonly onPart?: (data: unknown) => void;
  /** Null: it is open. Else why it is not; it is tried again by itself. */
  readonly onProblem: (problem: AskProblem | null) => void;
  /** Whether silence means that it is broken: true of streams that have a beat. */
  readonly beats: boolean;
}

/**
 * Listens to events called `name` of `path` until `signal` is aborted. By fetch, since EventSource cannot send a
 * password otherwise than in an address.
 */
export async function listen(
  { path, name, signal }: { readonly path: string; readonly name: string; readonly signal: AbortSignal },
  listener: StreamListener,
): Promise<void> {
  for (let tries = 0; !signal.aborted; tries++) {
    const problem = await once({ path, name, signal }, listener, () => tries = 0);
    if (signal.aborted) return;
    listener.onProblem(problem);
    const refused = problem.kind !== "unreachable" && problem.kind !== "busy";
    await pause(refused ? REFUSED_MS : RETRY_MS[Math.min(tries, RETRY_MS.length - 1)], signal);
  }
}

/** Until the stream ends or breaks; says why. */
async function once(
  { path, name, signal }: { readonly path: string; readonly name: string; readonly signal: AbortSignal },
  { onData, onPart, onProblem, beats }: StreamListener,
  onOpen: () => void,
): Promise<AskProblem> {
  const broken = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    if (beats) timer = setTimeout(() => broken.abort(), SILENCE_MS_MAX);
  };
  try {
    heard();
    const response = await fetch(path, {
      headers: { accept: "text/event-stream", ...authorization() },
      signal: AbortSignal.any([signal, broken.signal]),
      cache: "no-store",
    });
    if (!response.ok) return await problemOf(response, path);
    onProblem(null);
    onOpen();
    const lines = new EventLines();
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      heard();
      for (const event of lines.take(read.value)) {
        if (event.name === name) onData(JSON.parse(event.data));
        else if (event.name === "problem") onPart?.(JSON.parse(event.data));
      }
    }
    return unreachable(null);
  } catch (error) {
    return unreachable(broken.signal.aborted ? null : error);
  } finally {
    clearTimeout(timer);
    broken.abort();
  }
}

/** Ends early when told to, or when the password changes. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      forget();
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    const before = password.value;
    const forget = password.subscribe((now) => {
      if (now !== before) queueMicrotask(end);
    });
  });
}
