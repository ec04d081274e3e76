import { assertEquals } from "@std/assert";

/** True when this test run has all permissions; a bare `deno test` leaves out the tests that need them. */
export const permitted: boolean = (["read", "write", "net", "run", "env", "ffi", "sys"] as const)
  .every((name) => Deno.permissions.querySync({ name }).state === "granted");

/** Runs `use` with a new directory, which is removed afterwards. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "weir-test-" });
  try {
    return await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** What a finished command printed, and its status. */
export interface Finished {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A command line under way. Its environment is this process's, without what would select real services. */
export interface Running {
  readonly child: Deno.ChildProcess;
  /** Events printed so far, for `start` on a pipe. */
  readonly events: Record<string, unknown>[];
  /** Resolves with the first event, past or coming, that `is` accepts; rejects when the process ends before. */
  event(is: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  finished: Promise<Finished>;
}

/** Starts `src/main.ts` with these arguments, and with `input` on its standard input. */
export function startMain(
  args: readonly string[],
  env: Record<string, string> = {},
  { input = null }: { readonly input?: string | ReadableStream<Uint8Array> | null } = {},
): Running {
  const inherited = Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !/^(KAFKA_|CLICKHOUSE_|POSTGRES_|PG|WEIR_)/.test(name)),
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "src/main.ts", ...args],
    cwd: ROOT,
    clearEnv: true,
    env: { ...inherited, ...env },
    stdin: input === null ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // What ends before it has read everything says so itself.
  const stream = typeof input === "string" ? new Blob([input]).stream() : input;
  stream?.pipeTo(child.stdin).catch(() => {});
  const events: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  let over = false;
  const tell = () => waiting.forEach((look) => look());
  const out = lines(child.stdout, (line) => {
    if (!line.startsWith('{"time"')) return;
    events.push(JSON.parse(line));
    tell();
  });
  const err = lines(child.stderr, () => {});
  const finished = (async () => {
    const { code } = await child.status;
    const texts = await Promise.all([out, err]);
    over = true;
    tell();
    return { status: code, out: texts[0], err: texts[1] };
  })();
  return {
    child,
    events,
    finished,
    event: (is) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find(is);
          if (found === undefined && !over) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else finished.then(({ out, err }) => reject(new Error(`It ended without that event:\n${out}\n${err}`)));
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Runs `src/main.ts` to its end. */
export function runMain(
  args: readonly string[],
  env: Record<string, string> = {},
  options: { readonly input?: string } = {},
): Promise<Finished> {
  return startMain(args, env, options).finished;
}

/** The command, which asks an instance, says what to do when nothing runs on the directory, and when nobody answers. */
export async function assertTellsOfNobody(command: readonly string[], directory: string): Promise<void> {
  const none = await runMain([...command, "--data", directory]);
  assertEquals([none.status, none.err.includes(`Run deno task start --data ${directory}`)], [1, true], none.err);
  const silent = await runMain([...command, "--url", "http://127.0.0.1:1"]);
  assertEquals([silent.status, silent.err.includes("Cannot ask the instance at http://127.0.0.1:1")], [1, true]);
}

/** Reads a stream by lines. Resolves with the whole text. */
export async function lines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<string> {
  const parts: string[] = [];
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const part = decoder.decode(bytes, { stream: true });
    parts.push(part);
    const whole = (rest + part).split("\n");
    rest = whole.pop()!;
    for (const line of whole) onLine(line);
  }
  return parts.join("");
}
