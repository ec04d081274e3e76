/** What a small JSON file in a data directory says; null if there is none, or one that was cut off. */
export function readDataFile(directory: string, name: string): unknown {
  try {
    return JSON.parse(Deno.readTextFileSync(`${directory}/${name}`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * Replaces the file: whoever reads it sees the old one or the new one.
 * @throws Deno.errors.NotFound without the directory, other errors of the file system
 */
export function writeDataFile(
  directory: string,
  { name, value }: { readonly name: string; readonly value: unknown },
): void {
  const temporary = `${directory}/${name}.${Deno.pid}`;
  Deno.writeTextFileSync(temporary, `${JSON.stringify(value)}\n`);
  Deno.renameSync(temporary, `${directory}/${name}`);
}
