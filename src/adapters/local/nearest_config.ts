import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { exists } from "./exists.ts";

/**
 * The configuration that holds for a module: the `deno.json` or `deno.jsonc` of the nearest folder above it. Of an
 * installed package it is that of the project that has installed it. Null if there is none, or the module is no file.
 */
export function nearestConfig(module: string): string | null {
  if (!module.startsWith("file:")) return null;
  for (let folder = dirname(fileURLToPath(module)); folder !== dirname(folder); folder = dirname(folder)) {
    for (const name of ["deno.json", "deno.jsonc"]) if (exists(`${folder}/${name}`)) return `${folder}/${name}`;
  }
  return null;
}
