import { readFileSync } from "node:fs";
import { LIBRARY } from "../../record/library.ts";

/** What a package.json says that a project depends on, by name. */
type Dependencies = Readonly<Record<string, string>>;

/**
 * The command that adds a package, such as `chdb@3.4.0`, to the project in the current directory: npm's where a
 * package.json names Weir itself, as on a tarball, which Deno does not install.
 */
export function howToAdd(name: string): string {
  return libraryOf(Deno.cwd()) === null
    ? `deno add npm:${name}, with "nodeModulesDir": "auto" in deno.json`
    : `npm install ${name}`;
}

/** What the package.json in a folder names as this package, such as `file:weir.tgz`; null if there is none. */
export function libraryOf(folder: string): string | null {
  try {
    const { dependencies = {} } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as {
      readonly dependencies?: Dependencies;
    };
    return dependencies[LIBRARY.name] ?? null;
  } catch {
    // There is none, or it may not be read: nobody knows better than what is usual.
    return null;
  }
}
