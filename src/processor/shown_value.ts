/** A value that cannot be taken, as errors name it. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value).slice(0, 60);
}
