import { projectPath } from "../layout.ts";
import { foreignEnvironment } from "../process.ts";
import { aborted, until } from "./steps.ts";

/** What a process of Weir is started with. */
export interface WeirSettings {
  readonly environment: Readonly<Record<string, string>>;
  /** Working directory: one without a `.env`, so that nobody's own settings take part. */
  readonly cwd: string;
  /** Everything it prints is appended to this file. */
  readonly logFile: string;
}

/** One JSON line of `start`. */
export type WeirEvent = Readonly<Record<string, unknown>> & { readonly event: string; readonly message?: string };

const LOG_TAIL_LINES = 15;

/** One command line, run to its end. */
export async function runWeir(
  args: readonly string[],
  { environment, cwd }: Pick<WeirSettings, "environment" | "cwd">,
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  const output = await command(args, { environment, cwd }, "null").output();
  const decoder = new TextDecoder();
  return { status: output.code, stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
}

/** `weir start` as a process of its own, to be watched and killed. */
export class WeirProcess {
  readonly pid: number;
  readonly events: WeirEvent[] = [];
  /** Base address of /metrics and /readyz, as soon as it is known. */
  address: string | null = null;
  ended: Deno.CommandStatus | null = null;
  readonly #child: Deno.ChildProcess;
  readonly #logFile: string;
  readonly #done: Promise<unknown>;

  constructor(args: readonly string[], settings: WeirSettings) {
    this.#child = command(["start", ...args], settings, "null").spawn();
    this.#logFile = settings.logFile;
    this.pid = this.#child.pid;
    const status = this.#child.status.then((status) => this.ended = status);
    this.#done = Promise.all([
      status,
      this.#read(this.#child.stdout, (line) => this.#told(line)),
      this.#read(this.#child.stderr, () => {}),
    ]);
  }

  /** Resolves when /readyz says ok. @throws Error when the process ends before */
  async ready(signal: AbortSignal): Promise<void> {
    await until(() => this.isReady(), { signal });
  }

  /** Whether all tasks of this process run. @throws Error when the process has ended */
  async isReady(): Promise<boolean> {
    const { status } = await this.readiness();
    return status === 200;
  }

  /** What /readyz answers; status 0 before it listens. @throws Error when the process has ended */
  async readiness(): Promise<{ readonly status: number; readonly text: string }> {
    this.requireAlive();
    if (this.address === null) return { status: 0, text: "" };
    try {
      const response = await fetch(`${this.address}/readyz`, { signal: AbortSignal.timeout(5_000) });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      this.requireAlive();
      if (error instanceof DOMException || error instanceof TypeError) return { status: 0, text: "" };
      throw error;
    }
  }

  /**
   * Resolves with the first text of /readyz that passes `is`. `wanted` says what that is, should it not come.
   * @throws Error when the process ends before
   */
  async readyzSays(
    is: (text: string) => boolean,
    { wanted, signal }: { readonly wanted: string; readonly signal: AbortSignal },
  ): Promise<string> {
    let text = "";
    await until(async () => {
      text = (await this.readiness()).text;
      return is(text);
    }, { signal, lastWords: () => `/readyz does not say ${wanted}. It is:\n${text}` });
    return text;
  }

  /** Sum of a metric's values over all its labels that match. */
  async metric(name: string, labels: RegExp = /^/): Promise<number> {
    const text = await (await fetch(`${this.address}/metrics`)).text();
    let sum = 0;
    for (const line of text.split("\n")) {
      const match = /^(\w+)(\{.*\})? (\S+)$/.exec(line);
      if (match !== null && match[1] === name && labels.test(match[2] ?? "")) sum += Number(match[3]);
    }
    return sum;
  }

  /** Tasks that each topology has here now, as last assigned: `sales/orders-0`. */
  tasks(): Set<string> {
    const newest = new Map<string, string[]>();
    for (const event of this.events) {
      if (event.event === "assigned") newest.set(String(event.topology), event.tasks as string[]);
    }
    return new Set([...newest].flatMap(([topology, tasks]) => tasks.map((task) => `${topology}/${task}`)));
  }

  /** SIGKILL. @throws Error when it had ended by itself */
  async kill(): Promise<void> {
    this.requireAlive();
    this.#child.kill("SIGKILL");
    await this.#done;
  }

  /** Ctrl-C, and waits for the end. @throws Error when it is not gone in time with this status, 0 if absent */
  async end(signal: AbortSignal, { status = 0 }: { readonly status?: number } = {}): Promise<void> {
    this.requireAlive();
    const startedMs = performance.now();
    this.#child.kill("SIGINT");
    await Promise.race([this.#done, aborted(signal)]);
    const tookMs = performance.now() - startedMs;
    if (this.ended!.code !== status || tookMs > 5_500) {
      throw new Error(
        `Cannot end Weir in order: it took ${Math.round(tookMs)} ms, status ${this.ended!.code}\n${this.logTail()}`,
      );
    }
  }

  /** Makes sure that it is gone, whatever state it is in. */
  async discard(): Promise<void> {
    if (this.ended === null) this.#child.kill("SIGKILL");
    await this.#done;
  }

  requireAlive(): void {
    if (this.ended === null) return;
    const how = this.ended.signal ?? `status ${this.ended.code}`;
    throw new Error(
      `Weir (process ${this.pid}) has ended by itself with ${how}. The end of its log:\n${this.logTail()}`,
    );
  }

  /** @throws Error when a task or a topology of this process began again, or failed */
  requireSteady(): void {
    const told = this.events.filter(({ event }) => event === "restart" || event === "failed");
    if (told.length > 0) throw new Error(`Weir did not run steadily: ${JSON.stringify(told).slice(0, 2_000)}`);
  }

  logTail(): string {
    const lines = Deno.readTextFileSync(this.#logFile).trimEnd().split("\n");
    const telling = lines.filter((line) => !line.includes('"event":"status"'));
    return telling.slice(-LOG_TAIL_LINES).map((line) => `    ${line.slice(0, 500)}`).join("\n");
  }

  #told(line: string): void {
    if (!line.startsWith("{")) return;
    const event = JSON.parse(line) as WeirEvent;
    if (event.event === "listening") this.address = (event.addresses as Record<string, string>).metrics;
    if (event.event !== "status") this.events.push(event);
  }

  async #read(stream: ReadableStream<Uint8Array>, online: (line: string) => void): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      Deno.writeTextFileSync(this.#logFile, text, { append: true });
      const lines = (rest + text).split("\n");
      // A line broken off by a kill stays here, unread.
      rest = lines.pop()!;
      lines.forEach(online);
    }
  }
}

function command(
  args: readonly string[],
  { environment, cwd }: Pick<WeirSettings, "environment" | "cwd">,
  stdin: "null",
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--cached-only", `--config=${projectPath("deno.json")}`, projectPath("src/main.ts"), ...args],
    env: { ...foreignEnvironment(), ...environment },
    clearEnv: true,
    cwd,
    stdin,
    stdout: "piped",
    stderr: "piped",
  });
}
