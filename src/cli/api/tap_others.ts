import { passwordHeaders } from "../bearer.ts";
import { chunksOf } from "../instances/chunks_of.ts";
import { whyUnreachable } from "../instances/ask_instance.ts";
import { refusedWith } from "../instances/ask_others.ts";
import type { TapProblem } from "./answers.ts";
import { BEAT_MS, type EventSink, pause } from "./event_stream.ts";

/** How long another instance may take to begin, and to send anything: it has a beat. */
const BEGIN_MS_MAX = 2_000;
const SILENT_MS_MAX = 3 * BEAT_MS;
/** Between two looks for instances that have come or gone, and two tries to ask one. */
const LOOK_MS = 1_000;
/** Of one event: values are cut where they are sent. */
const EVENT_CHARS_MAX = 4 * 1024 * 1024;
const ROW = "event: row\ndata: ";

/** What is asked of the others. */
interface OthersTap {
  /** Who they are now. */
  readonly others: () => readonly string[];
  /** With parameters. */
  readonly path: string;
  readonly password: string | null;
}

/**
 * Passes on what the other instances send, until nobody reads any more: of those that come later, too, and of one that
 * breaks off as soon as it is there again. An event `problem` says why nothing is seen of one, and with `null` that it
 * is seen again, or none of the group any more.
 */
export async function tapOthers(tap: OthersTap, sink: EventSink): Promise<void> {
  const taps = new Map<string, { readonly left: AbortController; readonly ended: Promise<void> }>();
  for (; !sink.gone.aborted; await pause(LOOK_MS, sink.gone)) {
    const others = new Set(tap.others());
    for (const instance of others) {
      if (taps.has(instance)) continue;
      const left = new AbortController();
      const gone = AbortSignal.any([sink.gone, left.signal]);
      taps.set(instance, { left, ended: tapOther(instance, { ...tap, sink: { ...sink, gone } }) });
    }
    for (const [instance, { left }] of taps) {
      if (others.has(instance)) continue;
      left.abort();
      taps.delete(instance);
    }
  }
  await Promise.all([...taps.values()].map(({ ended }) => ended));
}

async function tapOther(
  instance: string,
  { path, password, sink: { send, gone } }: OthersTap & { readonly sink: EventSink },
): Promise<void> {
  let told: string | null = null;
  const tell = (problem: string | null) => {
    if (problem === told) return;
    told = problem;
    send("problem", JSON.stringify({ instance, problem } satisfies TapProblem));
  };
  while (!gone.aborted) {
    const rows = rowsOf(`http://${instance}${path}`, { headers: passwordHeaders(password), gone });
    const problem = await passOn(rows, { send, begun: () => tell(null) });
    if (!gone.aborted) tell(problem);
    await pause(LOOK_MS, gone);
  }
  tell(null);
}

/** Until the stream ends; says why. */
async function passOn(
  events: AsyncIterable<string | null>,
  { send, begun }: { readonly send: EventSink["send"]; readonly begun: () => void },
): Promise<string> {
  try {
    for await (const data of events) {
      if (data === null) begun();
      else send("row", data);
    }
    return "it has ended its stream";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Data of the rows that come from an address, behind a null when it has begun. Throws with the reason. */
async function* rowsOf(
  url: string,
  { headers, gone }: { readonly headers: Record<string, string>; readonly gone: AbortSignal },
): AsyncGenerator<string | null> {
  const late = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let limitMs = BEGIN_MS_MAX;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => late.abort(new DOMException("late", "TimeoutError")), limitMs);
  };
  try {
    wait();
    const signal = AbortSignal.any([gone, late.signal]);
    const response = await fetch(url, { headers, redirect: "error", signal });
    if (!response.ok) throw new Refused(refusedWith({ status: response.status, text: await response.text() }));
    yield null;
    limitMs = SILENT_MS_MAX;
    wait();
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of chunksOf(response.body, signal)) {
      wait();
      const events = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
      text = events.pop()!;
      if (text.length > EVENT_CHARS_MAX) throw new Refused(`it sends more than ${EVENT_CHARS_MAX} characters at once`);
      yield* events.flatMap((event) => event.startsWith(ROW) ? [event.slice(ROW.length)] : []);
    }
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(whyUnreachable(error, limitMs), { cause: error });
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}

/** Why nothing comes, in words. */
class Refused extends Error {
  override readonly name = "Refused";
}
