/** The text under `key` in a JSON object kept as text; null if there is none. */
function textAt(json: string, key: string): string | null {
  const value = (JSON.parse(json) as Record<string, unknown> | null)?.[key];
  return typeof value === "string" ? value : null;
}

/** A product's category, from its attributes; "other" if it names none. */
export function category(attributes: string): string {
  return textAt(attributes, "category") ?? "other";
}

/** The country in which a user lives, from the preferences; null if unknown. */
export function countryOf(preferences: string): string | null {
  return textAt(preferences, "country");
}
