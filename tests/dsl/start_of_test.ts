import { assert, assertEquals, assertThrows } from "@std/assert";
import { clickhouse, count, startOf, startOfDay, startOfHour, type TimeUnit, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { choicesOf } from "../oracle/random.ts";
import { a, row } from "../processor/shop.ts";

const us = (text: string) => Temporal.Instant.from(text).epochMilliseconds * 1000;
const text = (timestampUs: number) => new Date(Math.floor(timestampUs / 1000)).toISOString().replace(".000Z", "Z");

for (
  const [period, zone, at, expected] of [
    ["minute", "UTC", "2024-03-05T10:17:45Z", "2024-03-05T10:17:00Z"],
    ["hour", "UTC", "2024-03-05T10:17:45Z", "2024-03-05T10:00:00Z"],
    ["day", "UTC", "2024-03-05T10:17:45Z", "2024-03-05T00:00:00Z"],
    ["week", "UTC", "2024-03-05T10:17:45Z", "2024-03-04T00:00:00Z"],
    ["week", "UTC", "2024-03-04T00:00:00Z", "2024-03-04T00:00:00Z"],
    ["week", "UTC", "2024-03-03T23:59:59Z", "2024-02-26T00:00:00Z"],
    ["month", "UTC", "2024-02-29T10:17:45Z", "2024-02-01T00:00:00Z"],
    ["quarter", "UTC", "2024-05-31T10:17:45Z", "2024-04-01T00:00:00Z"],
    ["year", "UTC", "2024-12-31T23:59:59Z", "2024-01-01T00:00:00Z"],
    // Before 1970, and before the year 100.
    ["day", "UTC", "1969-12-31T23:59:59Z", "1969-12-31T00:00:00Z"],
    ["week", "UTC", "1969-12-28T12:00:00Z", "1969-12-22T00:00:00Z"],
    ["quarter", "UTC", "0099-12-28T12:00:00Z", "0099-10-01T00:00:00Z"],
    // Days of 23 and of 25 hours.
    ["day", "Europe/Vienna", "2024-03-31T21:59:59Z", "2024-03-30T23:00:00Z"],
    ["day", "Europe/Vienna", "2024-03-31T22:00:00Z", "2024-03-31T22:00:00Z"],
    ["day", "Europe/Vienna", "2024-10-27T22:59:59Z", "2024-10-26T22:00:00Z"],
    ["day", "Europe/Vienna", "2024-10-27T23:00:00Z", "2024-10-27T23:00:00Z"],
    ["month", "Europe/Vienna", "2024-10-31T23:30:00Z", "2024-10-31T23:00:00Z"],
    // Each of the two hours from 2 to 3 is one of its own.
    ["hour", "Europe/Vienna", "2024-10-27T00:30:00Z", "2024-10-27T00:00:00Z"],
    ["hour", "Europe/Vienna", "2024-10-27T01:30:00Z", "2024-10-27T01:00:00Z"],
    // A stretch that spans the change is longer.
    ["6 hours", "Europe/Vienna", "2024-10-27T04:59:59Z", "2024-10-26T22:00:00Z"],
    [{ hours: 6 }, "Europe/Vienna", "2024-10-27T05:00:00Z", "2024-10-27T05:00:00Z"],
    // Zones that are not whole hours from UTC; half an hour of summer time.
    ["hour", "Asia/Kolkata", "2024-03-05T10:17:45Z", "2024-03-05T09:30:00Z"],
    ["15 minutes", "Asia/Kathmandu", "2024-03-05T10:17:45Z", "2024-03-05T10:15:00Z"],
    [{ minutes: 30 }, "Asia/Kathmandu", "2024-03-05T10:17:45Z", "2024-03-05T10:15:00Z"],
    ["day", "+05:45", "2024-03-05T18:15:00Z", "2024-03-05T18:15:00Z"],
    ["hour", "Australia/Lord_Howe", "2024-04-06T15:15:00Z", "2024-04-06T14:00:00Z"],
    // A midnight that the clocks leave out, one that they show twice, and a day that is missing.
    ["day", "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z"],
    ["day", "America/St_Johns", "2010-11-07T12:00:00Z", "2010-11-07T02:30:00Z"],
    ["week", "Pacific/Apia", "2011-12-31T12:00:00Z", "2011-12-26T10:00:00Z"],
    ["day", "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"],
    // Local mean time: 1 hour, 5 minutes and 21 seconds.
    ["minute", "Europe/Vienna", "1890-01-01T00:00:00Z", "1889-12-31T23:59:39Z"],
  ] as const
) {
  Deno.test(`startOf() ${JSON.stringify(period)} in ${zone} of ${at}`, () => {
    assertEquals(text(startOf(period, zone)(us(at))), expected);
  });
}

const ZONES = [
  "UTC",
  "Europe/Vienna",
  "Europe/Dublin",
  "America/New_York",
  "America/St_Johns",
  "America/Sao_Paulo",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "Africa/Monrovia",
  "Antarctica/Troll",
  "Pacific/Apia",
  "Pacific/Chatham",
];

type Time = Temporal.ZonedDateTime;

/**
 * Temporal's rounding, but for a start that the clocks left out: Temporal takes what they show as much later, here it
 * is the change itself.
 */
function rounded(time: Time, to: { smallestUnit: "hour" | "minute" | "second"; roundingIncrement?: number }): Time {
  const options = { ...to, roundingMode: "floor" } as const;
  const start = time.round(options);
  if (start.toPlainDateTime().equals(time.toPlainDateTime().round(options))) return start;
  return time.add({ nanoseconds: 1 }).getTimeZoneTransition("previous")!;
}

const microseconds = ({ epochNanoseconds }: Time) => Number(epochNanoseconds / 1000n);

/** What Temporal says, by its own arithmetic. */
const EXPECTED: Readonly<Record<TimeUnit, (time: Time) => Time>> = {
  second: (time) => rounded(time, { smallestUnit: "second" }),
  minute: (time) => rounded(time, { smallestUnit: "minute" }),
  hour: (time) => rounded(time, { smallestUnit: "hour" }),
  day: (time) => time.startOfDay(),
  week: (time) => time.toPlainDate().subtract({ days: time.dayOfWeek - 1 }).toZonedDateTime(time.timeZoneId),
  month: (time) => time.toPlainDate().with({ day: 1 }).toZonedDateTime(time.timeZoneId),
  quarter: (time) =>
    time.toPlainDate().with({ day: 1, month: time.month - (time.month - 1) % 3 }).toZonedDateTime(time.timeZoneId),
  year: (time) => time.toPlainDate().with({ day: 1, month: 1 }).toZonedDateTime(time.timeZoneId),
};

/** Random times from 1850 to 2150; half of them near a change of the zone's clocks, or the day's end. */
function* times(zone: string, count: number): Generator<number> {
  const { int, chance } = choicesOf(ZONES.indexOf(zone) + 1);
  for (let at = 0; at < count; at++) {
    let ms = Date.UTC(1850 + int(300), int(12), 1 + int(31), int(24), int(60), int(60));
    if (chance(0.5)) {
      const change = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).getTimeZoneTransition("next");
      if (change !== null) ms = change.epochMilliseconds + (int(2) === 0 ? int(7_200_000) - 3_600_000 : int(3) - 1);
    }
    yield ms * 1000 + int(1000);
  }
}

Deno.test("startOf() is what Temporal's arithmetic says, whatever the zone, the unit and the time", () => {
  for (const zone of ZONES) {
    for (const [unit, expected] of Object.entries(EXPECTED) as [TimeUnit, (time: Time) => Time][]) {
      const start = startOf(unit, zone);
      for (const timestampUs of times(zone, 300)) {
        const time = new Temporal.ZonedDateTime(BigInt(timestampUs) * 1000n, zone);
        const wanted = expected(time);
        const startUs = start(timestampUs);
        const said = `${unit} of ${time}: ${new Temporal.ZonedDateTime(BigInt(startUs) * 1000n, zone)}, not ${wanted}`;
        assertEquals(startUs, microseconds(wanted), said);
        assert(startUs <= timestampUs, said);
      }
    }
  }
});

Deno.test("startOf() of lengths is what Temporal's rounding says", () => {
  for (const zone of ZONES) {
    for (
      const [unit, counts] of [["hour", [2, 3, 6, 12]], ["minute", [5, 10, 15, 20, 30]], ["second", [10]]] as const
    ) {
      for (const roundingIncrement of counts) {
        const start = startOf(`${roundingIncrement} ${unit}s`, zone);
        for (const timestampUs of times(zone, 100)) {
          const time = new Temporal.ZonedDateTime(BigInt(timestampUs) * 1000n, zone);
          const wanted = microseconds(rounded(time, { smallestUnit: unit, roundingIncrement }));
          assertEquals(start(timestampUs), wanted, `${roundingIncrement} ${unit} ${time}`);
        }
      }
    }
  }
});

Deno.test("startOf() of a day is when clocks say so, by Intl", () => {
  for (const zone of ZONES) {
    const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
    const start = startOf("day", zone);
    for (const timestampUs of times(zone, 200)) {
      const startUs = start(timestampUs);
      const [day] = clock.format(Math.floor(timestampUs / 1000)).split(" ");
      const [startDay, startTime] = clock.format(startUs / 1000).split(" ");
      assertEquals(startDay, day, `${zone} ${text(timestampUs)}`);
      assert(startTime === "00:00:00" || clock.format(startUs / 1000 - 1) < day, `${zone} ${text(startUs)}`);
    }
  }
});

Deno.test("startOf() in UTC is startOfDay() and startOfHour()", () => {
  for (const timestampUs of times("UTC", 1000)) {
    assertEquals(startOf("day")(timestampUs), startOfDay(timestampUs));
    assertEquals(startOf("hour")(timestampUs), startOfHour(timestampUs));
  }
});

Deno.test("startOf() gives a start for itself, also where numbers have no single microseconds", () => {
  for (const zone of ZONES) {
    for (const unit of Object.keys(EXPECTED) as TimeUnit[]) {
      const start = startOf(unit, zone);
      for (const year of [2255, 9999, 100_000]) {
        const startUs = start(Date.UTC(year, 9, 31, 1, 30) * 1000);
        assertEquals(start(startUs), startUs, `${unit} ${zone} ${year}`);
      }
    }
  }
});

Deno.test("startOf() asks the platform a few times for many rows", () => {
  const { getTimeZoneTransition } = Temporal.ZonedDateTime.prototype;
  let asked = 0;
  Temporal.ZonedDateTime.prototype.getTimeZoneTransition = function (this: Time, direction: never) {
    asked++;
    return getTimeZoneTransition.call(this, direction);
  };
  try {
    const start = startOf("day", "Europe/Paris");
    const { int } = choicesOf(1);
    const time = () => Date.UTC(2015 + int(10), int(12), int(31)) * 1000;
    for (let index = 0; index < 100_000; index++) start(time());
    assert(asked > 0 && asked <= 50, `${asked} times`);
    asked = 0;
    for (let index = 0; index < 1000; index++) startOf("month", "Europe/Paris")(time());
    assertEquals(asked, 0, "what was made in a callback knows what others have asked for");
  } finally {
    Temporal.ZonedDateTime.prototype.getTimeZoneTransition = getTimeZoneTransition;
  }
});

Deno.test("startOf() refuses what it does not know, and says what there is", () => {
  const cases: readonly [() => unknown, string][] = [
    [
      () => startOf("day", "Europe/Vianna"),
      'as a time zone: it is none of the IANA database. Did you mean "Europe/Vienna"?',
    ],
    [() => startOf("day", ""), "as a time zone"],
    [
      () => startOf("days" as never),
      "as a unit of time: there are second, minute, hour, day, week, month, quarter, year",
    ],
    [() => startOf("toString" as never), "as a unit of time"],
    [() => startOf("2 weeks" as never), "as a unit of time"],
    [
      () => startOf("7 minutes"),
      'Cannot use "7 minutes" as a length of time: it must go into a day a whole number of times',
    ],
    [() => startOf({ minutes: 7 }), 'Cannot use {"minutes":7} as a length of time'],
    [() => startOf({}), "as a length of time"],
    [() => startOf("0 minutes"), "as a length of time"],
    [() => startOf({ hours: 48 }), "as a length of time"],
    [() => startOf("day")(NaN), "Cannot use NaN as a time"],
    [() => startOf("day")(Infinity), "Cannot use Infinity as a time"],
  ];
  for (const [call, message] of cases) {
    const error = assertThrows(call, RangeError);
    assert((error as Error).message.includes(message), (error as Error).message);
  }
});

Deno.test("startOf() groups rows by a zone's days", async () => {
  const dayOf = startOf("day", "Europe/Vienna");
  const totals = clickhouse("totals", { key: ["day"], columns: { day: "DateTime('Europe/Vienna')", rows: "UInt64" } });
  await using driver = createTopologyTestDriver(topology("days", (builder) => {
    builder.table(a).groupBy((value) => ({ day: dayOf(Number(value.units)) })).aggregate("days", { rows: count() })
      .to(totals);
  }));
  ["2024-10-26T21:59:59Z", "2024-10-26T22:00:00Z", "2024-10-27T22:59:59Z"].forEach((at, id) =>
    driver.insert(a, row(id, { units: us(at) }))
  );
  await driver.settle();
  assertEquals(driver.select(totals).map(({ day, rows }) => [text(Number(day)), Number(rows)]), [
    ["2024-10-25T22:00:00Z", 1],
    ["2024-10-26T22:00:00Z", 2],
  ]);
});
