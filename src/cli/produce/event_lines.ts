import type { EventSpec } from "../../dsl/events.ts";
import { type EventReader, eventReader } from "../../formats/event_reader.ts";
import { ConfigError, DeserializationError } from "../../record/errors.ts";
import { isRawObject } from "../../record/raw_json.ts";
import { parseFields } from "./exact_fields.ts";
import type { LineReader } from "./line_records.ts";

/**
 * Reads lines as events of a topic, as topologies declare it: a text, or the UTF-8 of
 * bytes, as it is; a JSON object as the value, or
 * `{"key": ..., "value": ...}` with the event's key. Whatever a topology could not read is refused here.
 */
export function eventLineReader(specs: readonly EventSpec[]): LineReader {
  const readers = specs.map((spec) => eventReader(spec));
  const checked = (key: string | null, value: string | null) => {
    for (const reader of readers) check(reader, { key, value });
    return { kind: "event", records: [{ key, value }] } as const;
  };
  return {
    read(text) {
      if (specs.some(({ value }) => typeof value === "string")) return checked(null, text);
      const fields = parseFields(text);
      const names = Object.keys(fields).sort().join();
      const wrapped = !specs.some(({ value }) => typeof value !== "string" && "value" in value.shape);
      const keyed = names === "key,value" && wrapped;
      if (names === "value" && wrapped) {
        throw new ConfigError([
          'it has a "value" and no "key". Write {"key":null,"value":{...}} for an event without a key, or the value ' +
          "alone",
        ]);
      }
      if (!keyed) return checked(null, text);
      const { key, value } = fields;
      if (value !== null && !isRawObject(value)) throw new ConfigError(['"value" must be a JSON object, or null']);
      const textKey = typeof key === "string" && specs.some((spec) => spec.key === "text");
      const keyBytes = key === null ? null : textKey ? key as string : JSON.stringify(key);
      return checked(keyBytes, value === null ? null : JSON.stringify(value));
    },
    unreadColumns: () => new Map(),
  };
}

/** @throws ConfigError for what the engine would make a dead letter of */
function check(
  reader: EventReader,
  { key, value }: { readonly key: string | null; readonly value: string | null },
): void {
  try {
    reader.key(key);
    if (value !== null) reader.value(value);
  } catch (error) {
    if (error instanceof DeserializationError) throw new ConfigError([error.message], { cause: error });
    throw error;
  }
}
