/** Reads the text of one option's value; null if it cannot be one. */
export type ReadValue<T> = (text: string) => T | null;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `20s`, `500ms`, `1.5m`, `2h`. */
export function readDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  return match === null ? null : Math.round(Number(match[1]) * UNIT_MS[match[2]]);
}

/** A whole number within bounds. */
export function readInteger(min: number, max: number = Number.MAX_SAFE_INTEGER): ReadValue<number> {
  return (text) => {
    const value = /^-?\d[\d_]*$/.test(text.trim()) ? Number(text.trim().replaceAll("_", "")) : NaN;
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : null;
  };
}

/** A number of at least 0. */
export function readAmount(text: string): number | null {
  return /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : null;
}

/** One of a few words. */
export function readChoice<const C extends string>(...choices: readonly C[]): ReadValue<C> {
  return (text) => choices.find((choice) => choice === text) ?? null;
}

/** Any text but an empty one. */
export function readText(text: string): string | null {
  return text === "" ? null : text;
}
