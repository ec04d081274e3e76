import { exists } from "./exists.ts";

/**
 * A file in which a process notes something for the next one. It is locked as long as its process lives; the lock is
 * the operating system's, so that it ends with a process that is killed, too. Null: another process took the file for
 * abandoned in the moment before it was locked, and removes it.
 */
export function openNotedFile(directory: string): { readonly path: string; readonly file: Deno.FsFile } | null {
  Deno.mkdirSync(directory, { recursive: true });
  const path = `${directory}/${crypto.randomUUID()}.json`;
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  if (file.tryLockSync(true)) return { path, file };
  file.close();
  return null;
}

/** The files of processes that are gone, locked for this one, which removes or closes them; not `own`. */
export function abandonedFiles(
  directory: string,
  own: string,
): { readonly path: string; readonly file: Deno.FsFile; readonly text: string }[] {
  return [...Deno.readDirSync(directory)].flatMap(({ name }) => {
    const path = `${directory}/${name}`;
    if (path === own || !name.endsWith(".json")) return [];
    const file = openAbandoned(path);
    return file === null ? [] : [{ path, file, text: Deno.readTextFileSync(path) }];
  });
}

/** The file, locked, if its process is gone and no other takes it over. */
function openAbandoned(path: string): Deno.FsFile | null {
  try {
    const file = Deno.openSync(path, { read: true, write: true });
    // A file that is no longer there has been taken over by a process that started just now.
    if (file.tryLockSync(true) && exists(path)) return file;
    file.close();
    return null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Puts a text in the place of all that is in the file. A process that is killed meanwhile leaves half of it. */
export function rewrite(file: Deno.FsFile, text: string): void {
  const bytes = new TextEncoder().encode(text);
  file.truncateSync();
  file.seekSync(0, Deno.SeekMode.Start);
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}

/** Removes the file, and does nothing where it is gone. */
export function removeIfThere(path: string): void {
  if (exists(path)) Deno.removeSync(path);
}
