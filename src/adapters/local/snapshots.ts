import type { Snapshots, StagedSnapshot } from "../../ports/snapshots.ts";

/** Names the files that are not published yet apart, also those of several processes. */
let written = 0;

/**
 * Snapshots as files of a directory, which is made when the first is written. A file is written beside the published
 * one, reaches the disk (`fsync`), and takes its name then. What a crash leaves unpublished is deleted by the next
 * write under the same name, unless another process is writing it.
 */
export function openLocalSnapshots(directory: string): Snapshots {
  const pathOf = (name: string) => `${directory}/${encodeURIComponent(name)}.snapshot`;
  return {
    async read(name) {
      try {
        return await Deno.readFile(pathOf(name));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    async write(name, parts) {
      await Deno.mkdir(directory, { recursive: true });
      const path = pathOf(name);
      await removeOlder(directory, name);
      const staged = `${path}.${Deno.pid}-${written++}.new`;
      await writeParts(staged, parts);
      return stagedSnapshot({ directory, staged, path });
    },
  };
}

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await Deno.open(path, { write: true, createNew: true });
  try {
    for (const part of parts) {
      for (let done = 0; done < part.length;) done += await file.write(part.subarray(done));
    }
    await file.sync();
  } finally {
    file.close();
  }
}

function stagedSnapshot(
  { directory, staged, path }: { readonly directory: string; readonly staged: string; readonly path: string },
): StagedSnapshot {
  return {
    async publish() {
      await Deno.rename(staged, path);
      // The name is on the disk when the directory is.
      const opened = await Deno.open(directory);
      try {
        await opened.sync();
      } finally {
        opened.close();
      }
    },
    discard: () => Deno.remove(staged),
  };
}

/** Deletes what this process, or one that is gone, has left unpublished under this name. */
async function removeOlder(directory: string, name: string): Promise<void> {
  const prefix = `${encodeURIComponent(name)}.snapshot.`;
  for await (const { name: file } of Deno.readDir(directory)) {
    if (!file.startsWith(prefix) || !file.endsWith(".new")) continue;
    const { mtime } = await Deno.stat(`${directory}/${file}`).catch(() => ({ mtime: null }));
    const ownPid = file.startsWith(`${prefix}${Deno.pid}-`);
    if (!ownPid && mtime !== null && Date.now() - mtime.getTime() < ABANDONED_MS) continue;
    await Deno.remove(`${directory}/${file}`).catch(() => {});
  }
}

/** A file of another process that was not written to for so long is nobody's. */
const ABANDONED_MS = 600_000;
