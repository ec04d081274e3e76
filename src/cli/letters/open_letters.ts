import type { EmbeddedDeadLetters } from "../../adapters/local/dead_letters.ts";
import type { StoredLetter } from "../../adapters/local/stored_letters.ts";
import { exists } from "../../adapters/local/exists.ts";
import { ConfigError } from "../../record/errors.ts";
import { dataArgument } from "../data_option.ts";
import { pathsIn } from "../embedded_directory.ts";

/** The letters of a data directory; null if there is no file: looking must not make one. */
export async function openIfThere(directory: string): Promise<EmbeddedDeadLetters | null> {
  const path = pathsIn(directory).deadLetters;
  if (!exists(path)) return null;
  const { openEmbeddedDeadLetters } = await import("../../adapters/local/dead_letters.ts");
  return openEmbeddedDeadLetters({ path });
}

/** Gives `use` the letters of a directory. @throws ConfigError if there are none */
export async function withLetters<T>(
  directory: string,
  use: (letters: EmbeddedDeadLetters) => T | Promise<T>,
): Promise<T> {
  const letters = await openIfThere(directory);
  if (letters === null) throw new ConfigError([`There are no dead letters in "${directory}"`]);
  try {
    return await use(letters);
  } finally {
    letters.close();
  }
}

/** Letters of these ids, in that order, one after the other. @throws ConfigError naming all that are not there */
export function* lettersOf(
  { stored }: EmbeddedDeadLetters,
  { ids, directory }: { readonly ids: readonly string[]; readonly directory: string },
): Generator<StoredLetter> {
  const missing = ids.filter((id) => stored.letter(id) === null);
  if (missing.length > 0) {
    throw new ConfigError([
      `There is no dead letter ${missing.join(", ")}: deno task dlq${dataArgument(directory)} lists those that there ` +
      "are",
    ]);
  }
  for (const id of ids) {
    const letter = stored.letter(id);
    if (letter !== null) yield letter;
  }
}
