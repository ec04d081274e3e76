import { Decimal } from "../record/decimal.ts";

/** Of a number, a truth value or null, at most, nearly always. */
const SHORT = 17;
/** What names an exact number. */
const EXACT = 40;

/** About how many characters the JSON of a wire value has: without making it, and rather too many than too few. */
export function wireChars(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value === "bigint") return EXACT;
  if (typeof value !== "object" || value === null) return SHORT;
  if (value instanceof Decimal) return EXACT;
  let chars = 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) chars += wireChars(value[index]) + 1;
    return chars;
  }
  for (const name in value) chars += name.length + 4 + wireChars((value as Record<string, unknown>)[name]);
  return chars;
}
