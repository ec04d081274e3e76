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
export async function withLetters<T>(directory: string, use: (letters: EmbeddedDeadLetters) => T): Promise<T> {
  const letters = await openIfThere(directory);
  if (letters === null) throw new ConfigError([`There are no dead letters in "${directory}"`]);
  try {
    return use(letters);
  } finally {
    letters.close();
  }
}

/** Letters of these ids, in that order. @throws ConfigError naming all that are not there */
export function lettersOf(
  { stored }: EmbeddedDeadLetters,
  { ids, directory }: { readonly ids: readonly string[]; readonly directory: string },
): StoredLetter[] {
  const found = ids.map((id) => stored.letter(id));
  const missing = ids.filter((_, index) => found[index] === null);
  if (missing.length === 0) return found as StoredLetter[];
  throw new ConfigError([
    `There is no dead letter ${missing.join(", ")}: deno task dlq${dataArgument(directory)} lists those that there are`,
  ]);
}
