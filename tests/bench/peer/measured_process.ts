import { cpuSecondsOf } from "../usage.ts";

/** A process of this machine as it is seen from outside (Linux). */
export interface MeasuredProcess {
  /** User and system time so far. */
  cpuSeconds(): number;
  /** Greatest resident memory, as the kernel has kept it, also after the process has ended; bytes. */
  peakBytes(): number;
  stop(): void;
}

const LOOK_EVERY_MS = 50;

/**
 * Watches a process until it is stopped or the process is gone. `bytesMax`: it is killed as soon as its memory is
 * beyond, as the limit of a container would.
 */
export function measureProcess(
  pid: number,
  { bytesMax = Infinity }: { readonly bytesMax?: number } = {},
): MeasuredProcess {
  let cpuSeconds = 0;
  let peakBytes = 0;
  const look = () => {
    try {
      cpuSeconds = cpuSecondsOf(pid);
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      peakBytes = Math.max(peakBytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // It has ended: what was seen last stays.
      clearInterval(timer);
    }
    if (peakBytes > bytesMax) {
      console.error(
        `process ${pid} has ${Math.ceil(peakBytes / 2 ** 20)} MiB, which is beyond its limit: it is killed`,
      );
      bytesMax = Infinity;
      Deno.kill(pid, "SIGKILL");
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  look();
  return {
    cpuSeconds: () => (look(), cpuSeconds),
    peakBytes: () => (look(), peakBytes),
    stop: () => clearInterval(timer),
  };
}

/** What was measured of one application. */
export interface AppFigures {
  /** From the command to the last row of all that was there. */
  readonly seconds: number;
  /** Of the application's process alone. */
  readonly cpuSeconds: number;
  readonly brokerCpuSeconds: number;
  readonly peakBytes: number;
  /** Of a start on what was kept, with one new item: from the command until all tasks run. */
  readonly restartSeconds: number;
  /** ... until the new item is shown, complete. */
  readonly firstRowSeconds: number;
  readonly restartPeakBytes: number;
}

/** Polls until `seen` gives something. @throws Error when the process has ended */
export async function seenWhile<T>(
  child: { readonly ended: boolean },
  everyMs: number,
  seen: () => Promise<T | null>,
): Promise<T> {
  while (true) {
    const value = await seen();
    if (value !== null) return value;
    if (child.ended) throw new Error("the application ended by itself: its output says why");
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
