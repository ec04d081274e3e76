/**
 * Chunks of a body, until it ends or `signal` is aborted: then the signal's reason is thrown, and the body is
 * cancelled. The signal of the fetch alone does not do for that: with Deno 2.9 a stream was seen to go on for minutes
 * after its fetch was aborted.
 */
export async function* chunksOf(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  const end = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", end);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}
