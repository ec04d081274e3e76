import { dirname, resolve } from "node:path";
import { exists } from "../../adapters/local/exists.ts";
import { ConfigError } from "../../record/errors.ts";
import type { Configuration } from "../config/configuration.ts";
import { importPath, libraryImport, TESTS } from "../new/imports.ts";
import { fixtureTexts } from "./fixture.ts";
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
  const folder = out === undefined ? TESTS : dirname(out);
  const imports = {
    topologies: importPath(folder, resolve(topologiesDirectory)),
    testing: libraryImport(folder, "testing"),
  };
  await withLetters(directory, async (all) => {
    const texts = fixtureTexts(() => lettersOf(all, { ids, directory }), imports);
    if (out === undefined) { for (const text of texts) console.log(text.trimEnd()); }
    else await write(out, texts);
  });
}

/** What comes first of the texts throws before there is a file. */
async function write(out: string, texts: Iterator<string>): Promise<void> {
  const first = texts.next();
  if (exists(out)) throw new ConfigError([`Cannot write "${out}": it exists. Name another file with --out`]);
  await Deno.mkdir(dirname(out), { recursive: true });
  const file = await Deno.open(out, { write: true, createNew: true });
  const writer = file.writable.getWriter();
  for (let next = first; !next.done; next = texts.next()) await writer.write(encoder.encode(next.value));
  await writer.close();
  console.log(`Wrote ${out}. Run it: deno test -A ${out}`);
}

const encoder = new TextEncoder();
