import { statSync } from "node:fs";

/** Milliseconds without a further change until a change counts as complete: editors write in several steps. */
const QUIET_MS = 150;

/** What is watched, and who is told. */
export interface WatchOptions {
  /** Which directories are to be watched; asked again behind each call of `changed`. */
  readonly directories: () => Iterable<string>;
  readonly signal: AbortSignal;
  readonly changed: () => Promise<void>;
  readonly noticed: () => void;
  /** Once for each directory that the system does not let watch. */
  readonly refused: (path: string, reason: string) => void;
}

/**
 * Calls `changed` whenever some code in these directories has changed and is quiet again, or there is another directory
 * to watch, until `signal` aborts; one call at a time. `noticed` is called at once, while an earlier call is under way,
 * too. Folders inside of a directory are not watched, and one that is not there is passed over until it is.
 */
export async function watchDirectories(options: WatchOptions): Promise<void> {
  const { directories, signal, changed, noticed } = options;
  if (signal.aborted) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Promise.resolve();
  const told = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      noticed();
      last = last.then(changed).then(() => {
        // What has changed in them before they were watched is found by looking.
        if (!signal.aborted && watches.follow(directories()) > 0) told();
      });
    }, QUIET_MS);
  };
  const watches = new Watches(told, options.refused);
  watches.follow(directories());
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  watches.close();
  clearTimeout(timer);
  await last;
}

/** One watch for each directory, as of several at once none can be added. */
class Watches {
  readonly #told: () => void;
  readonly #refuse: (path: string, reason: string) => void;
  readonly #refused = new Set<string>();
  /** By path. A directory that was made anew under its name is another one. */
  readonly #all = new Map<string, { readonly id: string; readonly watcher: Deno.FsWatcher }>();

  constructor(told: () => void, refuse: (path: string, reason: string) => void) {
    this.#told = told;
    this.#refuse = refuse;
  }

  /** Watches these and no others. @returns how many of them it did not watch before */
  follow(directories: Iterable<string>): number {
    const wanted = new Map([...directories].map((path) => [path, identityOf(path)]));
    for (const [path, { id, watcher }] of this.#all) {
      if (wanted.get(path) === id) continue;
      watcher.close();
      this.#all.delete(path);
    }
    const added = [...wanted].filter(([path, id]) => id !== null && !this.#all.has(path));
    return added.filter(([path, id]) => this.#begin(path, id!)).length;
  }

  close(): void {
    this.follow([]);
  }

  #begin(path: string, id: string): boolean {
    try {
      // With all that is inside it would be told of the data directory too, if that is there, and Deno opens what it
      // is told of: as it closes a file of SQLite, the process loses its locks of that file.
      const watcher = Deno.watchFs(path, { recursive: false });
      this.#all.set(path, { id, watcher });
      this.#listen(watcher);
      return true;
    } catch (error) {
      if (!this.#refused.has(path)) this.#refuse(path, (error as Error).message);
      this.#refused.add(path);
      return false;
    }
  }

  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind !== "access" && paths.some((path) => /\.[cm]?[jt]sx?$/.test(path))) this.#told();
    }
  }
}

/** Null: there is none. */
export function identityOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}
