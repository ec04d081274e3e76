const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000], ["ms", 1]] as const;

/** Microseconds as people write them, in the largest unit that gives a whole number: `30 d`, `90 s`. */
export function durationText(us: number): string {
  const ms = us / 1_000;
  const [unit, unitMs] = UNITS.find(([, unitMs]) => ms >= unitMs && ms % unitMs === 0) ?? ["ms", 1];
  return `${ms / unitMs} ${unit}`;
}
