/** Stream time at which a window takes no event any more, behind its start; a session, behind its end. */
export const CLOSES_AFTER = 3;
/** Events no further apart are of one session. */
const GAP = 1;

/** How many of these events count, by window: each is one unit long. In the order in which they came. */
export function windowsOf(times: readonly number[]): Map<number, number> {
  const windows = new Map<number, number>();
  let streamTime = -Infinity;
  for (const time of times) {
    streamTime = Math.max(streamTime, time);
    if (time + CLOSES_AFTER > streamTime) windows.set(time, (windows.get(time) ?? 0) + 1);
  }
  return windows;
}

/** Where a session ends, and how many events are in it. */
export interface Session {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** The same by where a session begins. One that is closed may lose its row to a later one that grew so far back. */
export function sessionsOf(times: readonly number[]): Map<number, number> {
  let all: Session[] = [];
  let streamTime = -Infinity;
  for (const time of times) {
    streamTime = Math.max(streamTime, time);
    const made = joined(all, { time, streamTime });
    if (made === null) continue;
    all = [...all.filter((one) => !made.near.includes(one) && one.start !== made.session.start), made.session];
  }
  return new Map(all.map(({ start, count }) => [start, count]));
}

/** The session of an event, and those that it is made of; null: it is late. */
export function joined(
  sessions: readonly Session[],
  { time, streamTime }: { readonly time: number; readonly streamTime: number },
): { readonly session: Session; readonly near: readonly Session[] } | null {
  const near = sessions.filter(({ start, end }) =>
    end + CLOSES_AFTER > streamTime && time >= start - GAP && time <= end + GAP
  );
  const start = Math.min(time, ...near.map((one) => one.start));
  const end = Math.max(time, ...near.map((one) => one.end));
  if (end + CLOSES_AFTER <= streamTime) return null;
  return { session: { start, end, count: near.reduce((sum, { count }) => sum + count, 1) }, near };
}
