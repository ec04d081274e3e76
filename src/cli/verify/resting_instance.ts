import { ConfigError } from "../../record/errors.ts";

/** An instance that has applied everything and holds its demo store until told otherwise. */
export interface RestingInstance {
  /** Topologies that it runs. */
  readonly topologies: readonly string[];
  /** What it could not apply in time, one line each. */
  readonly unfinished: readonly string[];
  /** Topologies of it that do not run, and why: what they show is as old as their failure. */
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
  /** Lets it go on. */
  release(): Promise<void>;
}

/**
 * Asks the instance at `url` to come to rest and stay so.
 * @throws ConfigError when it cannot be asked
 */
export async function restInstance(url: string, waitMs: number): Promise<RestingInstance> {
  const abort = new AbortController();
  const response = await fetch(`${url}/rest?seconds=${Math.ceil(waitMs / 1000)}`, {
    method: "POST",
    signal: abort.signal,
  });
  if (!response.ok || response.body === null) {
    throw new ConfigError([
      `Cannot ask the running instance ${url} to rest: it answers ${response.status} ${await response.text()}`,
    ]);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new ConfigError([`Cannot verify: the running instance ${url} ended meanwhile. Verify again`]);
    text += value;
  }
  const { topologies, unfinished, failed } = JSON.parse(text.slice(0, text.indexOf("\n")));
  return {
    topologies,
    unfinished,
    failed,
    async release() {
      await reader.cancel().catch(() => {});
      abort.abort();
    },
  };
}
