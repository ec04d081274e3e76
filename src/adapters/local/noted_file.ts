import { exists } from "./exists.ts";

/**
 * A file in which a process notes something for the next one. It is locked as long as its process lives; the lock is
 * the operating system's, so that it ends with a process that is killed, too.
 */
export interface NotedFile {
  readonly path: string;
  readonly file: Deno.FsFile;
}

/** Null: another process took the file for abandoned in the moment before it was locked, and removes it. */
export function openNotedFile(directory: string): NotedFile | null {
  Deno.mkdirSync(directory, { recursive: true });
  const path = `${directory}/${crypto.randomUUID()}.json`;
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  if (file.tryLockSync(true)) return { path, file };
  file.close();
  return null;
}

/** The files of processes that are gone, locked for this one, which is to remove them; not `own`. */
export function abandonedFiles(
  directory: string,
  own: string,
): (NotedFile & { readonly text: string })[] {
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

/** Removes and closes files: those taken over once what they say is kept elsewhere, so that a kill loses nothing. */
export function removeNoted(files: readonly NotedFile[]): void {
  for (const { path, file } of files) {
    if (exists(path)) Deno.removeSync(path);
    file.close();
  }
}
