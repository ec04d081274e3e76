/** CPU and memory of a process and, while it is sampled, its peak. */
export interface Usage {
  /** Ends sampling. */
  stop(): { readonly cpuSeconds: number; readonly peakBytes: number };
}

/** Samples a process of this machine (Linux) every 100 ms. */
export function watchUsage(pid: number): Usage {
  const startSeconds = cpuSecondsOf(pid);
  let peakBytes = 0;
  const sample = () => peakBytes = Math.max(peakBytes, residentBytesOf(pid));
  sample();
  const timer = setInterval(sample, 100);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return { cpuSeconds: cpuSecondsOf(pid) - startSeconds, peakBytes };
    },
  };
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
