import { registerHooks } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A module's address, as hooks see it. */
interface Resolved {
  readonly url: string;
}

type Resolve = (specifier: string, context: { readonly parentURL?: string }) => Resolved;

/** Marks a module that is imported once more. */
const VERSION = "?weir-dev=";

/** That of a directory of topologies, which must not be imported yet; Weir's own sources are not in it. */
export function moduleGraphOf(topologiesDirectory: string): ModuleGraph {
  const [here, directory] = [resolve("."), resolve(topologiesDirectory)];
  return new ModuleGraph({
    // Above all that its files may import: the working directory, if they are in it.
    root: directory === here || directory.startsWith(`${here}/`) ? here : dirname(directory),
    library: import.meta.url.startsWith("file:") ? dirname(dirname(fileURLToPath(import.meta.url))) : null,
  });
}

/**
 * Which files of a project import which, and which of them are to be imported once more: a module that was loaded stays
 * as it was, so a changed file gets another address, and so do all that import it. Only files below `root` count that
 * are not below `library` or in `node_modules`.
 */
export class ModuleGraph {
  readonly #importers = new Map<string, Set<string>>();
  readonly #versions = new Map<string, number>();
  readonly #isOwn: (path: string) => boolean;

  /** Sees what is imported from here on. */
  constructor({ root, library }: { readonly root: string; readonly library: string | null }) {
    this.#isOwn = (path) =>
      path.startsWith(`${root}/`) && !path.includes("/node_modules/") &&
      (library === null || !path.startsWith(`${library}/`));
    const resolve = (specifier: string, context: { readonly parentURL?: string }, next: Resolve) =>
      this.#seen(next(specifier, context), context.parentURL);
    registerHooks({ resolve } as Parameters<typeof registerHooks>[0]);
  }

  /** Files that were imported. */
  files(): string[] {
    return [...this.#importers.keys()];
  }

  /** Directories of these files. */
  directories(): string[] {
    return [...new Set(this.files().map((file) => dirname(file)))];
  }

  /** These files, and all that import them, at any remove. */
  importersOf(changed: readonly string[]): Set<string> {
    const reached = new Set(changed);
    for (const file of reached) for (const importer of this.#importers.get(file) ?? []) reached.add(importer);
    return reached;
  }

  /** The next import of these files is a new one. */
  forget(files: Iterable<string>): void {
    for (const file of files) this.#versions.set(file, (this.#versions.get(file) ?? 0) + 1);
  }

  #seen(resolved: Resolved, parent: string | undefined): Resolved {
    const path = pathOf(resolved.url);
    if (path === null || !this.#isOwn(path)) return resolved;
    const importers = this.#importers.getOrInsertComputed(path, () => new Set());
    const importer = parent === undefined ? null : pathOf(parent);
    if (importer !== null && this.#isOwn(importer)) importers.add(importer);
    const version = this.#versions.get(path);
    return version === undefined ? resolved : { ...resolved, url: `${resolved.url.split("?")[0]}${VERSION}${version}` };
  }
}

function pathOf(url: string): string | null {
  return url.startsWith("file:") && /\.[cm]?[jt]sx?($|\?)/.test(url) ? fileURLToPath(url.split("?")[0]) : null;
}
