import type { MergingAggregates, StreamAggregates } from "./stream_aggregates.ts";
import { type Duration, durationUs } from "./time.ts";

/** An event is in at most so many windows: each is changed, told and kept. */
const WINDOWS_MAX = 100_000;

/** How events of one group are divided by their times, as plain data; microseconds. */
export type WindowSpec =
  & (
    /** [n * advance, n * advance + size) for all n; tumbling where both are equal. */
    | { readonly kind: "time"; readonly sizeUs: number; readonly advanceUs: number }
    /** [t - size, t] and (t, t + size] of each event's time t, both ends included. */
    | { readonly kind: "sliding"; readonly sizeUs: number }
    /** Events with no gap of more than this between them. */
    | { readonly kind: "session"; readonly gapUs: number }
    /** Everything from a start on. */
    | { readonly kind: "unlimited"; readonly startUs: number }
  )
  & {
    /** An event may be so late: a window is closed when stream time has reached its end and this. */
    readonly graceUs: number;
    /** When no event comes for so long, by the clock, all windows of a partition close; absent: they stay open. */
    readonly idleUs?: number;
    /**
     * Windows that began so long ago, by stream time, are kept by ClickHouse alone, and sessions that changed last so
     * long ago; absent: all are kept.
     */
    readonly retentionUs?: number;
  };

/**
 * Windows in which a grouped stream is aggregated: {@link tumbling}, {@link hopping}, {@link sliding}, {@link session},
 * {@link unlimited}. `E`: what is special about their ends.
 */
export class Windows<E extends string = string> {
  /** @ignore Carries a type. */
  declare readonly "~ends": E;

  /** @ignore Made by the functions of this module. */
  constructor(readonly spec: WindowSpec) {}
}

/** The aggregates that windows may have: sessions become one, so theirs must. */
export type AggregatesIn<V, E> = IsSession<E> extends true ? MergingAggregates<V> : StreamAggregates<V>;

/** Whether a set of aggregates may be divided into windows. */
export type MergingIn<A, E> = IsSession<E> extends false ? unknown
  : A extends MergingAggregates<never> ? unknown
  : { readonly "sessions become one: give each folding a merge": never };

/** Whether windows of these ends are sessions. */
export type IsSession<E> = [E] extends [never] ? false : [E] extends ["session"] ? true : false;

/** What all kinds of windows take. */
export interface WindowOptions {
  /**
   * How late an event may be: its window takes events until the newest event of the partition is so far behind the
   * window's end. Later ones are left out and counted (`weir_stream_events_dropped_total`). Default: not at all.
   */
  readonly grace?: Duration;
  /**
   * Closes all windows of a partition when no event has come into it for so long, by the clock of whoever has it, so
   * that a quiet input does not hold its last windows open. Events for them that come later than that are too late.
   * Default: windows close by the times of events alone.
   */
  readonly idle?: Duration;
}

/** What windows that close take, too. */
export interface TimeWindowOptions extends WindowOptions {
  /**
   * Kafka Streams' `Materialized.withRetention`: how long rows of windows are kept beside ClickHouse, by stream time:
   * of windows of a fixed size from their begin on, of sessions from their last change on. Older ones leave the memory
   * and the changelog, and ClickHouse keeps them as they are: a retention changes nothing of what it shows, nor which
   * events are too late. At least the size, or the gap, and the grace. The rows may be filtered, mapped and written to
   * ClickHouse, and nothing else. Default: for ever.
   */
  readonly retention?: Duration;
}

/** @throws TypeError for one that is shorter than windows take events */
function retained(
  { leastUs, what }: { readonly leastUs: number; readonly what: string },
  { retention }: TimeWindowOptions,
): Pick<WindowSpec, "retentionUs"> {
  if (retention === undefined) return {};
  const retentionUs = durationUs(retention);
  if (retentionUs >= leastUs) return { retentionUs };
  throw new TypeError(
    `Cannot keep ${what} for ${JSON.stringify(retention)} as retention: they take events for ${leastUs} us, their ` +
      `${what === "sessions" ? "gap" : "size"} and the grace. Give at least as much`,
  );
}

/** @throws TypeError */
function lateness({ grace, idle }: WindowOptions): Pick<WindowSpec, "graceUs" | "idleUs"> {
  const graceUs = grace === undefined ? 0 : durationUs(grace);
  return idle === undefined ? { graceUs } : { graceUs, idleUs: positive(idle, "how long windows wait for events") };
}

/** @throws TypeError */
function positive(duration: Duration, what: string): number {
  const us = durationUs(duration);
  if (us > 0) return us;
  throw new TypeError(`Cannot take ${JSON.stringify(duration)} as ${what}: give more than nothing`);
}

/** Windows of one size, one behind the other: `[start, start + size)`, aligned to the epoch. @throws TypeError */
export function tumbling(size: Duration, options: TimeWindowOptions = {}): Windows {
  return timeWindows({ sizeUs: positive(size, "the size of windows") }, options);
}

/** @throws TypeError */
function timeWindows(
  { sizeUs, advanceUs = sizeUs }: { readonly sizeUs: number; readonly advanceUs?: number },
  options: TimeWindowOptions,
): Windows {
  const late = lateness(options);
  const kept = retained({ leastUs: sizeUs + late.graceUs, what: "windows" }, options);
  return new Windows({ kind: "time", sizeUs, advanceUs, ...late, ...kept });
}

/**
 * Windows of one size, of which one begins every `every`; an event is in all that hold its time, at most 100,000.
 * @throws TypeError
 */
export function hopping(size: Duration, options: TimeWindowOptions & { readonly every: Duration }): Windows {
  const [sizeUs, advanceUs] = [positive(size, "the size of windows"), positive(options.every, "their advance")];
  if (advanceUs > sizeUs) {
    throw new TypeError(`Cannot begin windows of ${sizeUs} us every ${advanceUs} us: events between would be in none`);
  }
  const windows = Math.ceil(sizeUs / advanceUs);
  if (windows > WINDOWS_MAX) {
    throw new TypeError(
      `Cannot begin windows of ${sizeUs} us every ${advanceUs} us: each event would be in ${windows}, and ` +
        `${WINDOWS_MAX} are the most. Begin them less often`,
    );
  }
  return timeWindows({ sizeUs, advanceUs }, options);
}

/**
 * Windows that end at an event, or begin right behind one: every set of events that are at most `size` apart is in one
 * of them (`SlidingWindows` of Kafka Streams). Both ends are included. @throws TypeError
 */
export function sliding(size: Duration, options: TimeWindowOptions = {}): Windows {
  const sizeUs = positive(size, "the size of windows");
  const late = lateness(options);
  const kept = retained({ leastUs: sizeUs + late.graceUs, what: "windows" }, options);
  return new Windows({ kind: "sliding", sizeUs, ...late, ...kept });
}

/**
 * Windows of events that follow each other within `gap`: they grow, and two that an event connects become one. They
 * begin and end with events. @throws TypeError
 */
export function session(gap: Duration, options: TimeWindowOptions = {}): Windows<"session"> {
  const gapUs = positive(gap, "the gap of sessions");
  const late = lateness(options);
  const kept = retained({ leastUs: gapUs + late.graceUs, what: "sessions" }, options);
  return new Windows({ kind: "session", gapUs, ...late, ...kept });
}

/**
 * One window without an end, from a time on (microseconds since the epoch; default: the epoch). It never closes; its
 * `window_end` is 2^53 - 1, in the year 2255. Earlier events are left out and counted. @throws TypeError
 */
export function unlimited(startUs = 0): Windows<never> {
  if (!Number.isSafeInteger(startUs)) {
    throw new TypeError(`Cannot begin a window at ${startUs}: give whole microseconds since the epoch`);
  }
  return new Windows({ kind: "unlimited", startUs, graceUs: 0 });
}
