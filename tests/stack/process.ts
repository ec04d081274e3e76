import type { StackLayout } from "./layout.ts";

/** A program started in the background that outlives the one that started it. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** Variables beside those of whoever starts it; {@link OWN_VARIABLES} are taken from here alone. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Prefixes of variables that configure Weir and PostgreSQL's programs and must not come from whoever starts the stack.
 */
const OWN_VARIABLES = /^(KAFKA_|CLICKHOUSE_|POSTGRES_|PG|WEIR_|DATA_SOURCE_)/;

/** The environment of this process without what would configure the programs started here. */
export function foreignEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !OWN_VARIABLES.test(name)));
}

/** Starts the program with its output appended to `log/<name>.log` and records its process id. */
export function launch(layout: StackLayout, name: string, { program, args, environment }: Launch): void {
  // The shell replaces itself by the program, so the id recorded is the program's own.
  const script = 'log=$1; shift; exec "$@" </dev/null >>"$log" 2>&1';
  const child = new Deno.Command("sh", {
    args: ["-c", script, "sh", logFile(layout, name), program, ...args],
    cwd: "/",
    clearEnv: true,
    env: { ...foreignEnvironment(), ...environment },
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  child.unref();
  Deno.writeTextFileSync(pidFile(layout, name), `${child.pid} ${startTime(child.pid) ?? ""}\n`);
}

/** Process id of a service that runs and was started by this stack, or `null`. */
export function pidOf(layout: StackLayout, name: string): number | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(pidFile(layout, name));
  } catch {
    return null;
  }
  const [pid, started] = text.trim().split(" ");
  // Ids are used again after a while: without its start time, a stranger's process could be ended.
  return startTime(Number(pid)) === started ? Number(pid) : null;
}

/**
 * Sends `signal` and waits until the process is gone, with SIGKILL at the deadline. Nothing happens if it does not run.
 */
export async function endProcess(
  layout: StackLayout,
  name: string,
  { signal, deadlineMs }: { signal: Deno.Signal; deadlineMs: number },
): Promise<"not running" | "stopped" | "forced"> {
  const pid = pidOf(layout, name);
  if (pid === null) return "not running";
  Deno.kill(pid, signal);
  if (await gone(layout, name, { deadlineMs })) return "stopped";
  Deno.kill(pid, "SIGKILL");
  await gone(layout, name, { deadlineMs: 10_000 });
  return "forced";
}

/** Resident memory in MiB of a process, or `null` where that cannot be told. */
export function residentMiB(pid: number): number | null {
  try {
    const line = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
    return line === null ? null : Math.round(Number(line[1]) / 1024);
  } catch {
    return null;
  }
}

function logFile(layout: StackLayout, name: string): string {
  return `${layout.logs}/${name}.log`;
}

export function logTail(layout: StackLayout, name: string): string {
  try {
    return Deno.readTextFileSync(logFile(layout, name)).trimEnd().split("\n").slice(-12).join("\n");
  } catch {
    return "";
  }
}

/** Polls until `probe` holds. @throws Error at the deadline, or as soon as `alive` says that waiting is in vain */
export async function waitUntil(
  what: string,
  probe: () => Promise<boolean>,
  { deadlineMs, alive = () => true }: { deadlineMs: number; alive?: () => boolean },
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await probe().catch(() => false))) {
    if (!alive()) throw new Error(`Cannot wait for "${what}" to become ready: it ended`);
    if (Date.now() > deadline) {
      throw new Error(`Cannot wait for "${what}" to become ready any longer: ${deadlineMs / 1000} s have passed`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function gone(layout: StackLayout, name: string, { deadlineMs }: { deadlineMs: number }): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  while (pidOf(layout, name) !== null) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  Deno.removeSync(pidFile(layout, name));
  return true;
}

function pidFile(layout: StackLayout, name: string): string {
  return `${layout.run}/${name}.pid`;
}

/**
 * When a process began, in the kernel's ticks; `undefined` if there is none or it is a zombie that nobody has collected
 * yet.
 */
function startTime(pid: number): string | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name, in parentheses, may itself contain spaces: fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
