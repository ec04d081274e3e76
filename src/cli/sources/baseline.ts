import type { PulledTable } from "./pulled_table.ts";
import { ConfigError } from "../../record/errors.ts";

/** What was pulled last: expressions of columns by topic and name. */
export type Baseline = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The file that remembers it, beside the file of sources. */
function baselinePath(path: string): string {
  return `${path.replace(/\.ts$/, "")}.pulled.json`;
}

/** Empty if the sources were written by hand. @throws ConfigError if the file holds something else */
export async function readBaseline(path: string): Promise<Baseline> {
  const file = baselinePath(path);
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw new ConfigError([
      `Cannot read "${file}" as what was pulled last: ${(error as Error).message}. Restore it from your repository, ` +
      "or delete it: then every difference is told, and no declared column is changed",
    ], { cause: error });
  }
}

/** Tables that were not looked at this time stay remembered. */
export async function writeBaseline(
  path: string,
  { before, tables }: { readonly before: Baseline; readonly tables: readonly PulledTable[] },
): Promise<void> {
  const pulled = tables.map(({ topic, columns }) =>
    [topic, Object.fromEntries(columns.map(({ name, expression }) => [name, expression]))] as const
  );
  const all = Object.entries({ ...before, ...Object.fromEntries(pulled) }).sort(([a], [b]) => a < b ? -1 : 1);
  await Deno.writeTextFile(baselinePath(path), `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
}
