import { startOf } from "../../src/mod.ts";

Deno.test("startOf() takes units and lengths that it knows", () => {
  const known: ((timestampUs: number) => number)[] = [
    startOf("quarter", "Europe/Vienna"),
    startOf("15 minutes"),
    startOf("1 hour", "+05:30"),
    startOf({ hours: 1, minutes: 30 }),
  ];
  const unknown = [
    // @ts-expect-error: no unit
    () => startOf("fortnight"),
    // @ts-expect-error: a length without a unit
    () => startOf("15"),
    // @ts-expect-error: months have no fixed length
    () => startOf({ months: 1 }),
    // @ts-expect-error: a time is a number of microseconds
    () => startOf("day")(new Date()),
  ];
  if (known.length + unknown.length !== 8) throw new TypeError("a case is missing");
});
