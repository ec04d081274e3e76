import { createHash } from "node:crypto";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Revision } from "../runtime/runner.ts";

/** Files of code and data that a program may be made of. */
const CODE = /\.(?:[cm]?[jt]sx?|json)$/;
/** Folders that hold other things. */
const PASSED_OVER = /^(?:\..*|node_modules)$/;

/**
 * Names the program that computes the topologies of a directory: another text of any file in it, of one beside it that
 * was imported, or of Weir itself, is another name. What a snapshot says was computed counts only for the program that
 * computed it.
 */
export async function revisionOf(topologiesDirectory: string, imported: readonly string[] = []): Promise<Revision> {
  const own = ownDirectory();
  return {
    weir: `${Deno.version.deno} ${own === null ? import.meta.url : await digestOf(own)}`,
    topologies: await digestOf(topologiesDirectory, imported),
  };
}

async function digestOf(directory: string, imported: readonly string[] = []): Promise<string> {
  const hash = createHash("sha256");
  const inside = await codeIn(directory);
  const known = new Set(inside.map((path) => resolve(path)));
  for (const path of [...inside, ...imported.filter((path) => !known.has(path)).sort()]) {
    const text = await Deno.readFile(path).catch((error) => {
      // It was imported once, and is gone.
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    });
    if (text === null) continue;
    hash.update(`${path.startsWith(directory) ? path.slice(directory.length) : basename(path)}\0`);
    hash.update(text);
  }
  return hash.digest("hex");
}

/** Weir's sources; null if they are no files. */
function ownDirectory(): string | null {
  return import.meta.url.startsWith("file:") ? dirname(dirname(fileURLToPath(import.meta.url))) : null;
}

/** In an order that depends on the names alone. */
async function codeIn(directory: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory) { if (!PASSED_OVER.test(name)) paths.push(...await codeIn(`${directory}/${name}`)); }
    else if (CODE.test(name)) paths.push(`${directory}/${name}`);
  }
  return paths.sort();
}
