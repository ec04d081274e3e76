/** Time as the runtime sees it. Everything that waits or measures goes through here, so that a run can be replayed. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Milliseconds of a timer that nobody sets, since any moment; it may stand still while the machine does. */
  elapsedMs(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets other work of the process (heartbeats, sockets) go on before continuing. */
  breathe(): Promise<void>;
}

/** Every random choice of the runtime. */
export interface Random {
  /** In [0, 1). */
  next(): number;
}
