import { didYouMean } from "../record/nearest.ts";
import { type OffsetRange, type ZoneOffsets, zoneOffsets } from "../record/zone_offsets.ts";

/** A unit of the calendar or of the clock. Weeks begin on Monday (ISO 8601). */
export type TimeUnit = "second" | "minute" | "hour" | "day" | "week" | "month" | "quarter" | "year";

/** A length of time as text: `"15 minutes"`, `"6 hours"`. */
export type DurationText = `${number} ${"second" | "minute" | "hour"}${"" | "s"}`;

/** A length of time, the sum of its parts: `{ minutes: 15 }`. */
export interface DurationParts {
  /** Of 60 minutes. */
  readonly hours?: number;
  /** Of 60 seconds. */
  readonly minutes?: number;
  /** May have a fraction, down to microseconds. */
  readonly seconds?: number;
}

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
const DAY_MS = DAY_US / 1000;
/** Clocks are not put forward or back by more: a zone that changed sides of the date line. */
const JUMP_US_MAX = 25 * HOUR_US;

/** The first day of the unit in which a day lies; days since 1970-01-01, in and out. */
const FIRST_DAYS: Readonly<Record<string, (day: number) => number>> = {
  day: (day) => day,
  // 1970-01-01 was a Thursday.
  week: (day) => day - (((day + 3) % 7) + 7) % 7,
  month: (day) => new Date(day * DAY_MS).setUTCDate(1) / DAY_MS,
  quarter(day) {
    const date = new Date(day * DAY_MS);
    const month = date.getUTCMonth();
    return date.setUTCMonth(month - month % 3, 1) / DAY_MS;
  },
  year: (day) => new Date(day * DAY_MS).setUTCMonth(0, 1) / DAY_MS,
};

const CLOCK_UNITS: Readonly<Record<string, number>> = { second: SECOND_US, minute: MINUTE_US, hour: HOUR_US };

/**
 * Makes a function that gives the start of the unit or the stretch of this length in which a time lies, by the clocks
 * and the calendar of `zone` (a name of the IANA database, or an offset such as `+05:30`; default `UTC`). Microseconds
 * since the epoch, in and out, also before 1970. When a zone's clocks were changed is remembered, so that a call costs
 * little; made once, outside of the callback, it costs least, and a zone may also come from a column of the row.
 *
 * Days have 23 or 25 hours where the clocks are changed, and each of these hours has its own start. A day begins with
 * its first instant, which is not midnight where the clocks leave that out. Lengths are counted from midnight and must
 * go into a day a whole number of times. The start is the last time at which the clocks showed it, so a stretch in
 * which they are changed is longer or shorter.
 *
 * The result is an instant. A column `DateTime('Europe/Vienna')` shows it as the zone's clocks do; a `Date` of it is
 * UTC's, which may be the day before.
 *
 * @example
 * const startOfDayHere = startOf("day", "Europe/Vienna");
 * orders.groupBy((order) => ({ day: startOfDayHere(order.placed_at) }));
 *
 * @throws RangeError for a zone or a unit that is not known, and for a length that does not go into a day
 */
export function startOf(
  period: TimeUnit | DurationText | DurationParts,
  zone = "UTC",
): (timestampUs: number) => number {
  const offsets = zoneOffsets(zone);
  const firstDay = typeof period === "string" && Object.hasOwn(FIRST_DAYS, period) ? FIRST_DAYS[period] : null;
  if (firstDay === null) {
    const lengthUs = lengthOf(period);
    return (timestampUs) => {
      const range = offsets.at(timestampUs);
      const startUs = Math.floor((timestampUs + range.offsetUs) / lengthUs) * lengthUs;
      return lastShown(startUs, { range, offsets });
    };
  }
  return (timestampUs) => {
    const range = offsets.at(timestampUs);
    const startUs = firstDay(Math.floor((timestampUs + range.offsetUs) / DAY_US)) * DAY_US;
    return firstShown(startUs, { range, offsets });
  };
}

/** Where to look for the instant at which a zone's clocks showed something: in `range`, and before. */
interface Search {
  readonly range: OffsetRange;
  readonly offsets: ZoneOffsets;
}

/** The last instant, not after the range, at which the clocks showed `clockUs`, or jumped over it. */
function lastShown(clockUs: number, { range, offsets }: Search): number {
  for (let at = range;;) {
    const instantUs = clockUs - at.offsetUs;
    if (instantUs >= at.fromUs) return instantUs;
    const earlier = offsets.before(at);
    if (clockUs - earlier.offsetUs >= earlier.toUs) return at.fromUs;
    at = earlier;
  }
}

/** As {@link lastShown}, but the first instant where the clocks were put back and showed it twice. */
function firstShown(clockUs: number, search: Search): number {
  const lastUs = lastShown(clockUs, search);
  const range = search.offsets.at(lastUs);
  if (lastUs - range.fromUs > JUMP_US_MAX) return lastUs;
  const earlier = search.offsets.before(range);
  const instantUs = clockUs - earlier.offsetUs;
  return instantUs >= earlier.fromUs && instantUs < earlier.toUs ? instantUs : lastUs;
}

function lengthOf(period: string | DurationParts): number {
  const lengthUs = typeof period === "string" ? lengthOfText(period) : lengthOfParts(period);
  if (Number.isInteger(lengthUs) && lengthUs > 0 && DAY_US % lengthUs === 0) return lengthUs;
  throw new RangeError(
    `Cannot use ${
      JSON.stringify(period)
    } as a length of time: it must go into a day a whole number of times, such as ` +
      `"15 minutes" or { hours: 6 }, so that days begin with one`,
  );
}

function lengthOfText(text: string): number {
  const [, number, unit] = /^(\d+) (second|minute|hour)s?$/.exec(text) ?? [text, "1", text];
  if (Object.hasOwn(CLOCK_UNITS, unit)) return Number(number) * CLOCK_UNITS[unit];
  const units = [...Object.keys(CLOCK_UNITS), ...Object.keys(FIRST_DAYS)];
  throw new RangeError(
    `Cannot use "${text}" as a unit of time: there are ${units.join(", ")}, and lengths such as "15 minutes" and ` +
      `{ minutes: 15 }${didYouMean(text, units)}`,
  );
}

function lengthOfParts({ hours = 0, minutes = 0, seconds = 0 }: DurationParts): number {
  return hours * HOUR_US + minutes * MINUTE_US + seconds * SECOND_US;
}
