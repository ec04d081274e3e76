import { setImmediate } from "node:timers";

/** The longest time for which the event loop was held in one phase, in milliseconds. */
export interface Hold {
  readonly name: string;
  /** Processor time of the thread between two turns: other processes do not lengthen it. */
  readonly cpuMs: number;
  /** The same by the clock. */
  readonly wallMs: number;
}

/** Looks at every turn of the event loop, as a heartbeat or a socket would. */
export interface HoldWatch {
  /** What comes from now on is of this phase. A name may come again. */
  phase(name: string): void;
  /** Ends watching. */
  stop(): readonly Hold[];
}

/** Turns that end within this time are not told apart: asking for processor time takes longer than most of them. */
const SHORT_MS = 2;

/**
 * Begins to watch this thread's event loop (Linux): at every turn, which keeps a processor busy, or every so many
 * milliseconds, which finds holds that are longer and costs nothing worth measuring.
 */
export function watchHolds(first: string, everyMs = 0): HoldWatch {
  const holds = new Map<string, { cpuMs: number; wallMs: number }>();
  let watching = true;
  let name = first;
  let cpu = cpuMs();
  let wall = performance.now();
  const look = () => {
    const nowWall = performance.now();
    if (nowWall - wall < SHORT_MS) return;
    const nowCpu = cpuMs();
    let hold = holds.get(name);
    if (hold === undefined) holds.set(name, hold = { cpuMs: 0, wallMs: 0 });
    hold.cpuMs = Math.max(hold.cpuMs, nowCpu - cpu);
    hold.wallMs = Math.max(hold.wallMs, nowWall - wall);
    cpu = nowCpu;
    wall = performance.now();
  };
  const turn = () => {
    look();
    if (watching) next();
  };
  const next = () => everyMs === 0 ? setImmediate(turn) : setTimeout(turn, everyMs);
  next();
  return {
    phase(begun) {
      // What held the loop until now is of the phase before.
      look();
      name = begun;
    },
    stop() {
      watching = false;
      return Array.from(holds, ([phase, hold]) => ({ name: phase, ...hold }));
    },
  };
}

/** What this thread has had of a processor so far. */
function cpuMs(): number {
  return Number(Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ")[0]) / 1e6;
}
