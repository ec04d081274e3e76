import { dirname, resolve } from "node:path";
import { exists } from "../../adapters/local/exists.ts";
import { ConfigError } from "../../record/errors.ts";
import type { Configuration } from "../config/configuration.ts";
import { importPath, libraryImport, TESTS } from "../new/imports.ts";
import { fixtureText } from "./fixture.ts";
import { lettersOf, withLetters } from "./open_letters.ts";

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
    testing: libraryImport(folder, "testing"),
  });
  if (out === undefined) return console.log(text.trimEnd());
  if (exists(out)) throw new ConfigError([`Cannot write "${out}": it exists. Name another file with --out`]);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(out, text);
  console.log(`Wrote ${out}. Run it: deno test -A ${out}`);
}
