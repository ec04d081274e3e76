import type { WireRow } from "./truth.ts";

/** A row as a connector would write it, of the JSON texts of its columns in their order; keys lack no column. */
export function wireRowOf(key: readonly string[], texts: ReadonlyMap<string, string>): WireRow {
  const json = (names: Iterable<string>) =>
    `{${Array.from(names, (name) => `${JSON.stringify(name)}:${texts.get(name) ?? "null"}`).join(",")}}`;
  return { key: json(key), after: json(texts.keys()) };
}
