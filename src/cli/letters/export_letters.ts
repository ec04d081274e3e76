import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { exists } from "../../adapters/local/exists.ts";
import { ConfigError } from "../../record/errors.ts";
import type { Configuration } from "../config/configuration.ts";
import { fixtureText } from "./fixture.ts";
import { lettersOf, withLetters } from "./open_letters.ts";

/** Where a test is expected that is printed. */
const TESTS = "tests/topologies";

/** Writes letters as a test, or prints it. @throws ConfigError for what cannot be exported, and a file that is there */
export async function exportLetters(
  { configuration, ids, out }: {
    readonly configuration: Configuration;
    readonly ids: readonly string[];
    readonly out?: string;
  },
): Promise<void> {
  const { dataDirectory: directory, topologiesDirectory } = configuration;
  const letters = await withLetters(directory, (all) => lettersOf(all, { ids, directory }));
  const folder = out === undefined ? TESTS : dirname(out);
  const text = fixtureText(letters, {
    topologies: importPath(folder, resolve(topologiesDirectory)),
    testing: importPath(folder, fileURLToPath(new URL("../../testing/mod.ts", import.meta.url))),
  });
  if (out === undefined) return console.log(text.trimEnd());
  if (exists(out)) throw new ConfigError([`Cannot write "${out}": it exists. Name another file with --out`]);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(out, text);
  console.log(`Wrote ${out}. Run it: deno test -A ${out}`);
}

/** From a file in `directory` to `target`, as an import names it. */
function importPath(directory: string, target: string): string {
  const path = relative(resolve(directory), target).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}
