import { DeserializationError } from "../record/errors.ts";
import type { Fields } from "./envelope.ts";

/**
 * What to do about a message that another tool or another format of Debezium's wrote, told by the names that its
 * envelope has; empty for anything else. Begins with a full stop. Asked only about messages that are refused, because a
 * table may have such columns.
 */
export function foreignAdvice(value: unknown): string {
  if (typeof value === "string") {
    return /^\s*[{[]/.test(value)
      ? ". This is JSON within JSON: use JsonConverter for the value once, without another one before it"
      : ". This is no JSON object: the connector must use JsonConverter and no transformation that takes the row apart";
  }
  if (typeof value !== "object" || value === null) return "";
  const fields = value as Fields;
  const writer = writerOf(fields);
  return writer === null
    ? ""
    : `. This looks like a message of ${writer}: Weir reads Debezium's envelope or its flattened rows, as ` +
      "JsonConverter writes them";
}

function writerOf(fields: Fields): string | null {
  const has = (...names: readonly string[]) => names.every((name) => Object.hasOwn(fields, name));
  if (has("specversion", "type", "source")) return "CloudEventsConverter (CloudEvents)";
  if (has("data", "database", "isDdl")) return "Canal";
  if (has("data", "database", "table", "type")) return "Maxwell";
  if (has("op_type") && (has("after") || has("before"))) return "Oracle GoldenGate";
  return null;
}

/**
 * @throws DeserializationError for a flattened row whose metadata says that it was deleted, under a prefix other than
 * Debezium's `__`: taken for a row it would bring back what was deleted. Told by two columns, because a table may well
 * have one of its own: `<prefix>op` is "d" and `<prefix>deleted` is the text "true"
 */
export function refuseForeignPrefix(what: string, row: Fields): void {
  for (const name in row) {
    if (row[name] !== "d" || !name.endsWith("op")) continue;
    const prefix = name.slice(0, -"op".length);
    if (prefix === "__" || row[`${prefix}deleted`] !== "true") continue;
    throw new DeserializationError(
      "unknown_op",
      `Cannot read ${what} as a change: columns "${name}" and "${prefix}deleted" say that the row was deleted, but ` +
        `metadata of flattened rows begins with "__". Remove add.fields.prefix from the connector`,
    );
  }
}
