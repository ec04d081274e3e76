import { type Key, parseKeyText } from "../../record/key.ts";

/** A key as messages name it: JSON. */
export function keyJson(key: Key): string {
  return typeof key === "number" ? String(key) : JSON.stringify(key);
}

/** Back from {@link keyJson}, parsed. */
export function keyFrom(value: unknown): Key {
  return typeof value === "number" ? value : parseKeyText(value as string);
}
