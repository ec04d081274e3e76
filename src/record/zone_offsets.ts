import { didYouMean } from "./nearest.ts";

/** A time in which a zone's clocks are `offsetUs` ahead of UTC: from `fromUs` until before `toUs`; may be infinite. */
export interface OffsetRange {
  readonly fromUs: number;
  readonly toUs: number;
  readonly offsetUs: number;
}

/** Ranges kept of one zone. Most have two in a year; times from outside may name any year. */
const RANGES_MAX = 4096;
/** Shorter than any range, and longer than the steps of numbers in the last year of the calendar. */
const BEFORE_US = 1_000_000;
/** Zones kept; there are 600, and spellings of them. */
const ZONES_MAX = 1000;
/** Microseconds from the epoch to the first and last instant that JavaScript's calendar has. */
const TIME_US_MAX = 8.64e18;

const zones = new Map<string, ZoneOffsets>();

/** What all callers share that name this zone. @throws RangeError for a zone that is not known */
export function zoneOffsets(zone: string): ZoneOffsets {
  let offsets = zones.get(zone);
  if (offsets === undefined) {
    offsets = new ZoneOffsets(known(zone));
    if (zones.size >= ZONES_MAX) zones.clear();
    zones.set(zone, offsets);
  }
  return offsets;
}

/**
 * How far the clocks of a time zone are from UTC, since when and until when. Asking the platform takes microseconds, so
 * what it has said is kept as ranges: millions of rows ask it a few times. Times are microseconds since the epoch.
 */
export class ZoneOffsets {
  readonly #zone: string;
  /** In their order. */
  readonly #ranges: OffsetRange[] = [];
  #last: OffsetRange | null = null;

  constructor(zone: string) {
    this.#zone = zone;
  }

  /** The range in which `timestampUs` lies. @throws RangeError beyond the years that a calendar has */
  at(timestampUs: number): OffsetRange {
    const last = this.#last;
    if (last !== null && timestampUs >= last.fromUs && timestampUs < last.toUs) return last;
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranges[middle].toUs > timestampUs) high = middle;
      else low = middle + 1;
    }
    const found = this.#ranges[low];
    if (found !== undefined && timestampUs >= found.fromUs) return this.#last = found;
    const asked = this.#ask(timestampUs);
    if (this.#ranges.length < RANGES_MAX) this.#ranges.splice(low, 0, asked);
    else this.#ranges.splice(0, RANGES_MAX, asked);
    return this.#last = asked;
  }

  /** The range before one that does not begin at -Infinity. */
  before({ fromUs }: OffsetRange): OffsetRange {
    return this.at(fromUs - BEFORE_US);
  }

  #ask(timestampUs: number): OffsetRange {
    if (!(Math.abs(timestampUs) <= TIME_US_MAX)) {
      throw new RangeError(
        `Cannot use ${timestampUs} as a time in "${this.#zone}": no calendar has it. Give microseconds since the epoch`,
      );
    }
    const nanoseconds = BigInt(Math.floor(timestampUs)) * 1000n;
    const time = new Temporal.ZonedDateTime(nanoseconds, this.#zone);
    // "previous" is before the instant itself, which may be a transition.
    const from = new Temporal.ZonedDateTime(nanoseconds + 1n, this.#zone).getTimeZoneTransition("previous");
    const to = time.getTimeZoneTransition("next");
    return {
      fromUs: from === null ? -Infinity : microseconds(from),
      toUs: to === null ? Infinity : microseconds(to),
      offsetUs: time.offsetNanoseconds / 1000,
    };
  }
}

function microseconds({ epochNanoseconds }: Temporal.ZonedDateTime): number {
  return Number(epochNanoseconds / 1000n);
}

function known(zone: string): string {
  try {
    return new Temporal.ZonedDateTime(0n, zone).timeZoneId;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const near = didYouMean(zone, Intl.supportedValuesOf("timeZone"));
    throw new RangeError(
      `Cannot use "${zone}" as a time zone: it is none of the IANA database${
        near || '. Name one such as "Europe/Vienna"'
      }`,
      { cause },
    );
  }
}
