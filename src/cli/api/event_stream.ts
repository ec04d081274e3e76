import { RequestError } from "./answer.ts";

/** Streams that are read at a time. */
const STREAMS_MAX = 64;
/** Something is sent at least this often, so that a reader who is gone is noticed, and an instance that is. */
export const BEAT_MS = 2_000;

let open = 0;

/** Where events go. */
export interface EventSink {
  /** Sends an event, unless the reader is far behind: then it is left out. `data`: JSON of one line. */
  readonly send: (event: string, data: string) => void;
  /** Aborted when nobody reads any more. */
  readonly gone: AbortSignal;
}

/**
 * Server-sent events, until the reader goes away or `run`, which sends them, ends.
 * @throws RequestError when too many are read
 */
export function eventStream(run: (sink: EventSink) => Promise<void>): Response {
  if (open >= STREAMS_MAX) throw new RequestError(503, `Cannot send more than ${STREAMS_MAX} streams: close others`);
  open++;
  const encoder = new TextEncoder();
  const gone = new AbortController();
  let beat: ReturnType<typeof setInterval> | undefined;
  const end = () => {
    if (gone.signal.aborted) return;
    gone.abort();
    clearInterval(beat);
    open--;
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string) => {
        if (!gone.signal.aborted && (controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text));
      };
      const send = (event: string, data: string) => write(`event: ${event}\ndata: ${data}\n\n`);
      write("retry: 2000\n\n");
      beat = setInterval(() => write(":\n\n"), BEAT_MS);
      run({ send, gone: gone.signal }).then(
        () => {
          if (!gone.signal.aborted) controller.close();
        },
        (error) => {
          if (!gone.signal.aborted) controller.error(error);
        },
      ).finally(end);
    },
    cancel: end,
  }, { highWaterMark: QUEUED_MAX });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** Events that wait for a slow reader. */
const QUEUED_MAX = 32;

/** Resolves after a while, or when nobody reads any more. */
export function pause(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (gone.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      gone.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    gone.addEventListener("abort", done);
  });
}
