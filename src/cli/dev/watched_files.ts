import { createHash } from "node:crypto";

/** Milliseconds without a further change until a change counts as complete: editors write in several steps. */
const QUIET_MS = 150;

/** Files whose texts are known, and which of them have changed since. */
export class WatchedFiles {
  readonly #texts = new Map<string, string>();

  /** Those that differ from the last look, are new or gone, sorted. All are new to the first one. */
  async look(files: Iterable<string>): Promise<string[]> {
    const changed: string[] = [];
    const wanted = new Set([...files, ...this.#texts.keys()]);
    for (const file of wanted) {
      const text = await digestOf(file);
      if (text === (this.#texts.get(file) ?? null)) continue;
      changed.push(file);
      if (text === null) this.#texts.delete(file);
      else this.#texts.set(file, text);
    }
    return changed.sort();
  }

  /** Whether a file that is known differs from the last look. */
  async differ(): Promise<boolean> {
    for (const [file, text] of this.#texts) if (await digestOf(file) !== text) return true;
    return false;
  }
}

async function digestOf(file: string): Promise<string | null> {
  try {
    return createHash("sha256").update(await Deno.readFile(file)).digest("hex");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Calls `changed` whenever something in these directories has changed and is quiet again, until `signal` aborts; one
 * call at a time. `noticed` is called at once, while an earlier call is under way, too.
 */
export async function watchDirectories(
  directories: readonly string[],
  { signal, changed, noticed }: {
    readonly signal: AbortSignal;
    readonly changed: () => Promise<void>;
    readonly noticed: () => void;
  },
): Promise<void> {
  const watcher = Deno.watchFs([...directories]);
  const close = () => watcher.close();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) return close();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Promise.resolve();
  for await (const event of watcher) {
    if (event.kind === "access" || !event.paths.some((path) => /\.[cm]?[jt]sx?$/.test(path))) continue;
    clearTimeout(timer);
    timer = setTimeout(() => {
      noticed();
      last = last.then(changed);
    }, QUIET_MS);
  }
  clearTimeout(timer);
  await last;
}
