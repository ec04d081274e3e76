import { dirname } from "node:path";
import { ConfigError } from "../../record/errors.ts";

/** How another command finds the instance that runs on a data directory. */
export interface RunningProcess {
  readonly pid: number;
  /** What the instance listens on, by name: `{ http: "http://127.0.0.1:8123" }`. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** A data directory that belongs to this process. */
export interface DirectoryLock {
  readonly path: string;
  /** Tells other commands where this instance listens; replaces what was told before. */
  publish(addresses: Readonly<Record<string, string>>): Promise<void>;
  /** Gives the directory back. Happens by itself when the process ends, however it ends. */
  release(): Promise<void>;
  /** The same, and before that removes the directory with all that is in it, if taking it has made it. */
  discard(): Promise<void>;
}

const LOCK_FILE = "lock";
const PROCESS_FILE = "process.json";

/** A command that only asks who runs holds the lock for a moment, so one refusal is not yet an answer. */
const ATTEMPTS = 4;
const ATTEMPT_INTERVAL_MS = 25;
/** Short, since a process that writes much leaves the directory to others for a moment only. */
const WAIT_INTERVAL_MS = 10;

/** How long to wait for a process that has the directory for a while, such as `deno task produce`. */
export interface WaitOptions {
  /** Milliseconds; 0 if absent. Nobody waits for an instance that has said where it listens: it runs on. */
  readonly waitMs?: number;
  /** Called once, when there is somebody to wait for: says for whom. */
  readonly onWait?: (text: string) => void;
  /** Aborted when nobody wants the directory any more. */
  readonly signal?: AbortSignal;
}

/**
 * Makes this process the only one that uses the data directory, creating it if missing. The lock is the operating
 * system's: it ends with the process, so that nothing has to be cleaned up after a `kill -9`.
 * @throws ConfigError when another process has it, or the directory cannot be used
 */
export async function acquireDirectory(
  path: string,
  { waitMs = 0, onWait = () => {}, signal }: WaitOptions = {},
): Promise<DirectoryLock> {
  const deadlineMs = performance.now() + waitMs;
  for (let round = 0;; round++) {
    const lock = await tryDirectory(path);
    if (lock !== null) return lock;
    const owner = await readProcess(path);
    // The first time what is written may still be that of an earlier process.
    const runsOn = round > 0 && Object.keys(owner?.addresses ?? {}).length > 0;
    if (runsOn || signal?.aborted || performance.now() >= deadlineMs) throw new ConfigError([inUse(path, owner)]);
    if (round === 1) onWait(waitingText(path, { owner, waitMs }));
    await pause(WAIT_INTERVAL_MS);
  }
}

/** A line for whoever waits: for which process, and how long at most. */
export function waitingText(
  path: string,
  { owner, waitMs }: { readonly owner: RunningProcess | undefined; readonly waitMs: number },
): string {
  const who = owner === undefined ? "another process" : `process ${owner.pid}`;
  return `Waiting for ${who}, which has "${path}", up to ${waitMs / 1000} s`;
}

/**
 * The directory for this process, as {@link acquireDirectory}; null if another one has it.
 * @throws ConfigError when the directory cannot be used
 */
export async function tryDirectory(path: string): Promise<DirectoryLock | null> {
  const { file, made } = await openLockFile(path);
  if (!(await locked(file))) {
    file.close();
    return null;
  }
  await writeProcess(path, {});
  let released = false;
  const release = async () => {
    if (released) return;
    released = true;
    await removeIfThere(join(path, PROCESS_FILE));
    file.close();
  };
  return {
    path,
    async publish(addresses) {
      if (released) {
        throw new TypeError(`Cannot publish addresses of "${path}" as its owner: current value is released`);
      }
      await writeProcess(path, addresses);
    },
    release,
    async discard() {
      // While it is locked: whoever takes it behind that may write. What cannot be removed is as after any other end.
      if (made && !released) await Deno.remove(path, { recursive: true }).catch(() => {});
      await release();
    },
  };
}

/** The process that uses the data directory now; `undefined` if none does. */
export async function findRunningProcess(path: string): Promise<RunningProcess | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(join(path, LOCK_FILE), { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    // Shared, so that several commands may ask at once.
    if (await file.tryLock(false)) return undefined;
    return await readProcess(path);
  } finally {
    file.close();
  }
}

async function openLockFile(path: string): Promise<{ readonly file: Deno.FsFile; readonly made: boolean }> {
  try {
    const made = await makeDirectory(path);
    return { file: await Deno.open(join(path, LOCK_FILE), { read: true, write: true, create: true }), made };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message =
      `Cannot use "${path}" as a data directory: current value is "${reason}". Check the path and its permissions, ` +
      "or use another one with --data";
    throw new ConfigError([message], { cause: error });
  }
}

/** False if it is there: of several processes one makes it. */
async function makeDirectory(path: string): Promise<boolean> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await Deno.mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

async function locked(file: Deno.FsFile): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await file.tryLock(true)) return true;
    if (attempt < ATTEMPTS) await pause(ATTEMPT_INTERVAL_MS);
  }
  return false;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function inUse(path: string, owner: RunningProcess | undefined): string {
  const addresses = Object.values(owner?.addresses ?? {});
  const where = addresses.length === 0 ? "" : `, listening on ${addresses.join(" and ")}`;
  const who = owner ? `process ${owner.pid}${where}` : "a process that has not written its id yet";
  const remedy = owner ? `End it (kill ${owner.pid})` : "Try again in a moment";
  return `Cannot use "${path}" as this process's own data directory: current value is in use by ${who}. ` +
    `${remedy}, or use another directory`;
}

/** Whole or not at all: a reader never sees half a file. */
async function writeProcess(path: string, addresses: Readonly<Record<string, string>>): Promise<void> {
  const temporary = join(path, `${PROCESS_FILE}.${Deno.pid}`);
  await Deno.writeTextFile(temporary, JSON.stringify({ pid: Deno.pid, addresses }) + "\n");
  await Deno.rename(temporary, join(path, PROCESS_FILE));
}

/** What the file says, whoever wrote it; `undefined` when there is nothing sensible in it. */
async function readProcess(path: string): Promise<RunningProcess | undefined> {
  try {
    const { pid, addresses } = JSON.parse(await Deno.readTextFile(join(path, PROCESS_FILE)));
    return Number.isInteger(pid) && typeof addresses === "object" && addresses !== null
      ? { pid, addresses }
      : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function join(directory: string, name: string): string {
  return `${directory.replace(/\/+$/, "")}/${name}`;
}
