import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { exists } from "../adapters/local/exists.ts";
import { nearestConfig } from "../adapters/local/nearest_config.ts";

const NO_DEPENDENCY = /Import "([^"]+)" not a dependency[^]*?\n\s+at (file:\S+?):\d+:\d+/g;

/**
 * Of what Deno says: that a file lies outside of the project and imports a package, which is found from inside alone
 * where a package.json names it. Null if it does not say so.
 * `project`: the folder of the project that this program runs in, if its packages are in a package.json.
 */
export function outsideProblem(said: string, project: string | null = projectFolder()): string | null {
  if (project === null) return null;
  for (const [, name, url] of said.matchAll(NO_DEPENDENCY)) {
    const folder = dirname(fileURLToPath(url));
    if (`${folder}/`.startsWith(`${project}/`)) continue;
    return `Cannot import "${name}" from files in ${folder}: the packages that ${project}/package.json names are ` +
      `found from inside of ${project} alone. Keep topologies there, and what they import`;
  }
  return null;
}

function projectFolder(): string | null {
  const config = nearestConfig(Deno.mainModule);
  return config !== null && exists(`${dirname(config)}/package.json`) ? dirname(config) : null;
}
