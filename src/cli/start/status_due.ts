/** What decides whether a status line is worth its place in the log. */
export interface StatusMoment {
  readonly uptimeMs: number;
  /** A snapshot is under way, or tasks are on their way to running. */
  readonly loading: boolean;
  /** Changes were read or rows acknowledged since the line before. */
  readonly moving: boolean;
  /** All else that the line would tell, as one text: compared, never read. */
  readonly standing: string;
}

/** A short start is told by its events alone. */
const FIRST_MS = 5_000;
const STEP_MS = 60_000;
const LOADING_STEP_MS = 15_000;
/**
 * A start that takes longer than this is told like everything else, so that one that never ends does not fill the log.
 */
const LOADING_MS = 600_000;
/** With nothing new to tell: that the process is alive. */
const ALIVE_MS = 3_600_000;

/**
 * Whether a line is due, `last` being the last one written; null before the first. It is when something differs from
 * what that line told, at most once a minute (in the first ten minutes, while something loads, four times); otherwise
 * once an hour. That traffic has ended differs from a line that told of traffic.
 */
export function isStatusDue(now: StatusMoment, last: StatusMoment | null): boolean {
  if (last === null) return now.uptimeMs >= FIRST_MS;
  const sinceMs = now.uptimeMs - last.uptimeMs;
  if (!now.moving && !last.moving && now.standing === last.standing) return sinceMs >= ALIVE_MS;
  return sinceMs >= (now.loading && now.uptimeMs < LOADING_MS ? LOADING_STEP_MS : STEP_MS);
}
