import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Revision } from "../runtime/runner.ts";

/** Files of code and data that a program may be made of. */
const CODE = /\.(?:[cm]?[jt]sx?|json)$/;
/** Folders that hold other things. */
const PASSED_OVER = /^(?:\..*|node_modules)$/;

/**
 * Names the program that computes the topologies of a directory: another text of any file in it, or of Weir itself, is
 * another name. What a snapshot says was computed counts only for the program that computed it.
 */
export async function revisionOf(topologiesDirectory: string): Promise<Revision> {
  const own = ownDirectory();
  return {
    weir: `${Deno.version.deno} ${own === null ? import.meta.url : await digestOf(own)}`,
    topologies: await digestOf(topologiesDirectory),
  };
}

async function digestOf(directory: string): Promise<string> {
  const hash = createHash("sha256");
  for (const path of await codeIn(directory)) {
    hash.update(`${path.slice(directory.length)}\0`);
    hash.update(await Deno.readFile(path));
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
