import type { InputPlace } from "./warehouse.ts";

/** The rows of which none is there, by their places within one range, in their order. */
export function missingRows<R extends InputPlace>(rows: readonly R[], there: readonly InputPlace[]): R[] {
  const places = new Set(there.map(placeText));
  return rows.filter((row) => !places.has(placeText(row)));
}

function placeText({ offset, index }: InputPlace): string {
  return `${offset}.${index}`;
}
