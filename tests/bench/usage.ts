/** CPU and memory of a process and, while it is sampled, its peak. */
export interface Usage {
  /** Ends sampling. */
  stop(): { readonly cpuSeconds: number; readonly peakBytes: number; readonly stolenShare: number };
}

/** Samples a process of this machine (Linux) every 100 ms. */
export function watchUsage(pid: number): Usage {
  const startSeconds = cpuSecondsOf(pid);
  const startTicks = machineTicks();
  let peakBytes = 0;
  const sample = () => peakBytes = Math.max(peakBytes, residentBytesOf(pid));
  sample();
  const timer = setInterval(sample, 100);
  return {
    stop() {
      clearInterval(timer);
      sample();
      const ticks = machineTicks();
      const stolenShare = (ticks.stolen - startTicks.stolen) / Math.max(1, ticks.all - startTicks.all);
      return { cpuSeconds: cpuSecondsOf(pid) - startSeconds, peakBytes, stolenShare };
    },
  };
}

/**
 * Time of all processors so far, and what of it a virtual machine was not given though it had work: such a run measures
 * the neighbours.
 */
function machineTicks(): { readonly stolen: number; readonly all: number } {
  const ticks = Deno.readTextFileSync("/proc/stat").split("\n")[0].split(/\s+/).slice(1, 9).map(Number);
  return { stolen: ticks[7], all: ticks.reduce((sum, value) => sum + value, 0) };
}

/** User and system time so far, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory now, in bytes. */
export function residentBytesOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}
