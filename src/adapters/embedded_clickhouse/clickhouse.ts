import { ConfigError } from "../../record/errors.ts";
import { nearestConfig } from "../local/nearest_config.ts";
import { siblingModule } from "../local/sibling_module.ts";

/** A user and the password that proves it. */
interface Account {
  readonly user: string;
  readonly password: string;
}

export interface EmbeddedClickHouseOptions {
  /** Data directory; created if missing. */
  readonly path: string;
  /** Port of the writing address; a free one if absent. */
  readonly port?: number;
  /** Port of the read-only address; a free one if absent. */
  readonly readerPort?: number;
  /** Bytes of memory for data and queries, beside about 250 MB for the program itself; 2 GiB if absent. */
  readonly memoryBytesMax?: number;
  /**
   * Who may use the server: `writer` on both addresses, `reader` on the read-only one. If absent it is open to every
   * user of the machine, who can then read and write this user's files through it: for tests alone.
   */
  readonly accounts?: { readonly writer: Account; readonly reader: Account };
  /** Milliseconds until the first answer; a large directory takes longer. 120,000 if absent. */
  readonly startTimeoutMs?: number;
}

export interface ServerExit {
  readonly pid: number;
  readonly code: number;
  readonly signal: string | null;
  /** Milliseconds until it is started again; `null` after `close()`. */
  readonly restartMs: number | null;
}

export interface EmbeddedClickHouse {
  /** ClickHouse's HTTP interface, `http://127.0.0.1:<port>`; the same for all restarts. */
  readonly url: string;
  /** The same data, read-only: for dashboards. */
  readonly readerUrl: string;
  /** ClickHouse's version. */
  readonly version: string;
  /** Process id; another one after a restart. */
  readonly pid: number;
  /** Called at every end of the server's process. */
  onExit(listener: (exit: ServerExit) => void): void;
  /** Ends the server and waits for its end. */
  close(): Promise<void>;
}

interface Ready {
  readonly url: string;
  readonly readerUrl: string;
  readonly pid: number;
  readonly version: string;
}

const SERVER = siblingModule(import.meta.url, "clickhouse_server");
const START_TIMEOUT_MS = 120_000;
const RESTART_FIRST_MS = 100;
const RESTART_MAX_MS = 10_000;
/** A server that lived this long is restarted at once when it dies. */
const STEADY_MS = 60_000;
const CLOSE_MS = 10_000;

/**
 * Starts ClickHouse in a child process and keeps it running: when it dies it is started again on the same port, and
 * callers see refused connections meanwhile. It ends with this process, however that ends.
 * @throws ConfigError when it cannot be started: directory in use, port taken, no library for this platform
 */
export async function startEmbeddedClickHouse(options: EmbeddedClickHouseOptions): Promise<EmbeddedClickHouse> {
  const listeners: ((exit: ServerExit) => void)[] = [];
  let server = await startServer(options);
  const first = server.ready;
  const ports = { port: Number(new URL(first.url).port), readerPort: Number(new URL(first.readerUrl).port) };
  let closing = false;
  let wake: () => void = () => {};

  async function supervise(): Promise<void> {
    let delayMs = RESTART_FIRST_MS;
    while (true) {
      const startedMs = performance.now();
      const status = await server.child.status;
      if (performance.now() - startedMs > STEADY_MS) delayMs = RESTART_FIRST_MS;
      const restartMs = closing ? null : delayMs;
      const exit = { pid: server.ready.pid, code: status.code, signal: status.signal, restartMs };
      for (const listener of listeners) listener(exit);
      while (!closing) {
        await pause(delayMs);
        delayMs = Math.min(delayMs * 2, RESTART_MAX_MS);
        if (closing) break;
        try {
          server = await startServer({ ...options, ...ports });
          break;
        } catch (error) {
          console.error(`The embedded ClickHouse cannot be started again yet: ${(error as Error).message}`);
        }
      }
      if (closing) return;
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const supervised = supervise();

  return {
    url: first.url,
    readerUrl: first.readerUrl,
    version: first.version,
    get pid() {
      return server.ready.pid;
    },
    onExit: (listener) => void listeners.push(listener),
    close: async () => {
      closing = true;
      wake();
      await endServer(server);
      await supervised;
      // A restart that was under way when closing began.
      await endServer(server);
    },
  };
}

interface ServerProcess {
  readonly child: Deno.ChildProcess;
  readonly ready: Ready;
}

async function startServer(options: EmbeddedClickHouseOptions): Promise<ServerProcess> {
  const child = spawn(options);
  const { startTimeoutMs = START_TIMEOUT_MS } = options;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill(child, "SIGKILL");
  }, startTimeoutMs);
  const line = await firstLine(child.stdout);
  clearTimeout(timer);
  const ready = parse(line);
  if (typeof ready.url === "string") return { child, ready: ready as unknown as Ready };
  // Whoever has closed its output without a word is about to end, and how tells who has ended it.
  if (line !== "") kill(child, "SIGKILL");
  const end = await child.status;
  const silent = late
    ? `it has not answered within ${startTimeoutMs / 1000} s`
    : end.signal === null
    ? "its process ended without a word"
    : `its process was ended by ${end.signal}`;
  const reason = ready.error ?? (line === "" ? silent : line);
  const cause = line === "" && !late ? end : undefined;
  throw new ConfigError([`Cannot start the embedded ClickHouse in "${options.path}": ${reason}`], { cause });
}

/** Signals by which others end a process; those of a crash are not among them. */
const FROM_OUTSIDE: readonly unknown[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL"];

/** Whether somebody has ended the server while it started, so that its directory says nothing about the error. */
export function endedFromOutside({ cause }: Error): boolean {
  return FROM_OUTSIDE.includes((cause as Deno.CommandStatus | undefined)?.signal);
}

function spawn(options: EmbeddedClickHouseOptions): Deno.ChildProcess {
  const config = nearestConfig(import.meta.url);
  const args = ["run", "--no-prompt", "--unstable-no-legacy-abort", "--cached-only"];
  if (config !== null) args.push("--config", config);
  // The library is native code, so --allow-ffi voids the other limits; they are named all the same, for what runs
  // before it.
  args.push(
    "--allow-ffi",
    "--allow-read",
    `--allow-write=${options.path}`,
    "--allow-net=127.0.0.1",
    "--allow-env",
    "--allow-sys",
  );
  args.push(SERVER, `--path=${options.path}`);
  if (options.port !== undefined) args.push(`--port=${options.port}`);
  if (options.readerPort !== undefined) args.push(`--reader-port=${options.readerPort}`);
  if (options.memoryBytesMax !== undefined) args.push(`--memory-bytes-max=${options.memoryBytesMax}`);
  // The environment of a process can be read by its user alone, unlike its arguments.
  const own = { EMBEDDED_CLICKHOUSE_ACCOUNTS: options.accounts === undefined ? "" : JSON.stringify(options.accounts) };
  const pipes = { stdin: "piped", stdout: "piped", stderr: "inherit" } as const;
  // Ctrl-C reaches every process of a terminal's group, and this one is needed until all rows are acknowledged.
  return new Deno.Command(Deno.execPath(), { args, ...environmentWith(own), ...pipes, detached: true }).spawn();
}

/**
 * Without what `deno task start` tells the C library, which suits a program of one thread, and no engine of many; all
 * that there is where the environment cannot be read.
 */
function environmentWith(own: Record<string, string>): Pick<Deno.CommandOptions, "clearEnv" | "env"> {
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") return { env: own };
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("MALLOC_"));
  return { clearEnv: true, env: { ...Object.fromEntries(inherited), ...own } };
}

/** Up to the first line end; the rest is read and thrown away, so that the child never waits for a reader. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) return text.trim();
    text += decoder.decode(value, { stream: true });
  }
  (async () => {
    while (!(await reader.read()).done);
  })().catch(() => {});
  return text.slice(0, text.indexOf("\n"));
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

async function endServer(server: ServerProcess): Promise<void> {
  kill(server.child, "SIGTERM");
  const timer = setTimeout(() => kill(server.child, "SIGKILL"), CLOSE_MS);
  await server.child.status;
  clearTimeout(timer);
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already.
  }
}
