import { createHash } from "node:crypto";

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

  /** Takes files up that are not known yet, as they are now: they differ when they have changed since. */
  async know(files: Iterable<string>): Promise<void> {
    for (const file of files) {
      if (this.#texts.has(file)) continue;
      const text = await digestOf(file);
      if (text !== null) this.#texts.set(file, text);
    }
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
