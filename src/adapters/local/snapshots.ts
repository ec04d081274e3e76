import type { Snapshots, StagedSnapshot } from "../../ports/snapshots.ts";

/** Names the files that are not published yet apart, also those of processes on other machines or in containers. */
const PROCESS = crypto.randomUUID().slice(-12);
let written = 0;

/**
 * Snapshots as files of a directory, which is made when the first is written. A file is written beside the published
 * one, reaches the disk (`fsync`), and takes its name then. What a crash leaves unpublished is deleted by a later write
 * under the same name, unless another process is writing it.
 */
export function openLocalSnapshots(directory: string): Snapshots {
  const pathOf = (name: string) => `${directory}/${encodeURIComponent(name)}.snapshot`;
  // Not listed for each write: there may be thousands of tasks, each with a file.
  let listedMs = -Infinity;
  let unpublished: Unpublished = new Map();
  const removeOlder = async (path: string) => {
    if (Date.now() - listedMs > ABANDONED_MS) {
      listedMs = Date.now();
      unpublished = await unpublishedIn(directory);
    }
    for (const staged of unpublished.get(path) ?? []) await removeIfAbandoned(staged, path);
  };
  return {
    async read(name) {
      try {
        return await readPieces(pathOf(name));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    async write(name, parts) {
      await Deno.mkdir(directory, { recursive: true });
      const path = pathOf(name);
      await removeOlder(path);
      const staged = `${path}.${PROCESS}-${written++}.new`;
      unpublished.set(path, [staged]);
      await writeParts(staged, parts);
      return stagedSnapshot({ directory, staged, path });
    },
  };
}

/** Bytes that are read, or written, at once. */
const PIECE_BYTES = 2 ** 20;

/**
 * `Deno.readFile` copies what it has read into the process's memory in one turn of the event loop, which takes 100 ms
 * and more for a file of 60 MB; pieces are read into where they are to be by another thread.
 */
async function readPieces(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array((await file.stat()).size);
  for (let at = 0; at < bytes.length;) {
    const read = await file.read(bytes.subarray(at, at + PIECE_BYTES));
    // It was cut meanwhile; whoever reads it finds that out.
    if (read === null) return bytes.subarray(0, at);
    at += read;
  }
  return bytes;
}

/** Heads of sections are a few bytes long: a call of the system for each takes longer than all the rest. */
async function writeParts(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  const file = await Deno.open(path, { write: true, createNew: true });
  const piece = new Uint8Array(PIECE_BYTES);
  let held = 0;
  const write = async (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  };
  const flush = async () => {
    await write(piece.subarray(0, held));
    held = 0;
  };
  try {
    for (const part of parts) {
      if (held + part.length > PIECE_BYTES) await flush();
      if (part.length > PIECE_BYTES) await write(part);
      else {
        piece.set(part, held);
        held += part.length;
      }
    }
    await flush();
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

/** Paths of files that may not be published yet, by the path that they are to have then. */
type Unpublished = Map<string, string[]>;

/** Earlier versions wrote the process's number. */
const UNPUBLISHED = /^(.*\.snapshot)\.[0-9a-f]+-\d+\.new$/;

async function unpublishedIn(directory: string): Promise<Unpublished> {
  const found: Unpublished = new Map();
  for await (const { name } of Deno.readDir(directory)) {
    const published = UNPUBLISHED.exec(name)?.[1];
    if (published === undefined) continue;
    found.getOrInsertComputed(`${directory}/${published}`, () => []).push(`${directory}/${name}`);
  }
  return found;
}

/** Deletes what this process, or one that is gone, has left unpublished. */
async function removeIfAbandoned(staged: string, path: string): Promise<void> {
  if (!staged.startsWith(`${path}.${PROCESS}-`)) {
    const { mtime } = await Deno.stat(staged).catch(() => ({ mtime: null }));
    if (mtime !== null && Date.now() - mtime.getTime() < ABANDONED_MS) return;
  }
  await Deno.remove(staged).catch(() => {});
}

/** A file of another process that was not written to for so long is nobody's. The directory is listed as often. */
const ABANDONED_MS = 600_000;
