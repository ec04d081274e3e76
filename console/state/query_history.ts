import { signal } from "@preact/signals";
import { keepText, type KeptPlace, keptText } from "./kept_text.ts";

const PLACE: KeptPlace = { name: "weir.queries", where: "local" };
const QUERIES_MAX = 50;
const CHARACTERS_MAX = 10_000;

/** Questions that gave an answer, the newest first; of this browser. */
export const remembered = signal<readonly string[]>(kept());

export function remember(sql: string): void {
  const text = sql.trim();
  if (text === "" || text.length > CHARACTERS_MAX) return;
  remembered.value = [text, ...remembered.value.filter((other) => other !== text)].slice(0, QUERIES_MAX);
  keepText(PLACE, JSON.stringify(remembered.value));
}

function kept(): readonly string[] {
  try {
    const list: unknown = JSON.parse(keptText(PLACE) ?? "[]");
    return Array.isArray(list) ? list.filter((text) => typeof text === "string").slice(0, QUERIES_MAX) : [];
  } catch {
    return [];
  }
}
