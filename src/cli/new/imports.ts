import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LIBRARY } from "../../record/library.ts";

/** Whether Weir itself is being worked on: what runs are its sources, and not a package that was installed. */
export const IS_CHECKOUT: boolean = import.meta.url.startsWith("file:") && import.meta.url.endsWith(".ts");

/** Folder of the tests of topologies. */
export const TESTS = IS_CHECKOUT ? "tests/topologies" : "tests";

/**
 * The import of an `assertEquals` that is there without more packages than the project has. Its
 * name is put in, so that packing (`tools/pack.ts`) does not take the text for an import of this module.
 */
export const ASSERT_EQUALS = IS_CHECKOUT
  ? `import { assertEquals } from ${JSON.stringify("@std/assert")};`
  : 'import { deepStrictEqual as assertEquals } from "node:assert/strict";';

/** What a file in `folder` imports this package's main module as, that for tests, or that of MySQL. */
export function libraryImport(folder: string, module: "mod" | "testing" | "mysql"): string {
  if (!IS_CHECKOUT) return module === "mod" ? LIBRARY.name : `${LIBRARY.name}/${module}`;
  return importPath(folder, inCheckout(module === "testing" ? "src/testing/mod.ts" : `src/${module}.ts`));
}

/** What a file in `folder` imports the project's sources as. */
export function sourcesImport(folder: string): string {
  return importPath(folder, sourcesFile());
}

/** The file of the project's sources; in a checkout that of the online store. */
export function sourcesFile(): string {
  return IS_CHECKOUT ? inCheckout("topologies/online_store/sources.ts") : resolve("sources.ts");
}

/** From a file in `folder` to the file `target`, as an import names it. */
export function importPath(folder: string, target: string): string {
  const path = relative(resolve(folder), target).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

function inCheckout(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
