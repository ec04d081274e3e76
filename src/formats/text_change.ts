import type { ConnectField } from "../record/connect_field.ts";
import { DeserializationError } from "../record/errors.ts";
import { shown } from "./column_type.ts";
import type { Converts } from "./connect_schema.ts";
import { type Change, type Fields, parsedChange, quickChange, skipReason } from "./envelope.ts";
import { documentChange, isDocumentChange, refuseForeignPrefix, textAdvice } from "./foreign_message.ts";
import { keyColumnsOf } from "./message_key.ts";
import { type MessageBytes, parseJson, textOf } from "./message_text.ts";
import { schemaWrappers, wrappedIn } from "./schema_wrapper.ts";

/** A change as its message's text tells it. */
interface TextChange {
  readonly change: Change;
  /** What is done to the columns' values first. */
  readonly converts: Converts;
  /** A schema came with it. */
  readonly attached: boolean;
  /** The whole message is an envelope as {@link quickChange} finds it. */
  readonly quick: boolean;
}

/** What a text reader is made for. */
export interface TextReaderOptions {
  /** Named in messages: `a record of "orders"`. */
  readonly what: string;
  readonly valueBytesMax: number;
  /** What is done to the columns' values where no schema is attached. */
  readonly declared: Converts;
  readonly schemaConverts: (schema: ConnectField) => Converts;
}

/** "delete": a wrapper around null, which is a tombstone. */
type Told = TextChange | "delete" | "heartbeat" | "transaction";

/**
 * Makes the reader of what a message's value says, from its text.
 * @throws DeserializationError `not_json`, `not_utf8`, `too_large`, `not_a_row`, `unknown_op`
 */
export function textReader(options: TextReaderOptions): (
  message: { readonly key: MessageBytes | null; readonly value: MessageBytes },
) => Told {
  const { what, valueBytesMax, declared, schemaConverts } = options;
  const unwrap = schemaWrappers(schemaConverts);
  return ({ key, value }) => {
    const whole = textOf(value, what, valueBytesMax);
    const wrapper = unwrap(whole);
    const text = wrapper === null ? whole : whole.slice(wrapper.prefix.length, -1);
    const converts = wrapper?.schema ? wrapper.made : declared;
    const attached = wrapper !== null && wrapper.schema;
    const change = quickChange(text);
    if (change !== null) return { change, converts, attached, quick: wrapper === null };
    const slow = parsedWhole(text, { what, key, converts, schemaConverts });
    return typeof slow === "string" ? slow : { ...slow, attached: attached || slow.attached };
  };
}

/**
 * Makes the reader of values that are rows and nothing else.
 * @throws DeserializationError `not_json`, `not_utf8`, `too_large`, `not_a_row`
 */
export function rowTextReader(
  { what, valueBytesMax, declared }: TextReaderOptions,
): (message: { readonly value: MessageBytes }) => TextChange {
  return ({ value }) => {
    const text = textOf(value, what, valueBytesMax);
    const after = parseJson(text, what);
    if (typeof after !== "object" || after === null || Array.isArray(after)) {
      throw new DeserializationError(
        "not_a_row",
        `Cannot read ${what} as a row: current value is ${shown(after)}. Expected a JSON object; a record without a ` +
          "value deletes the row",
      );
    }
    const change: Change = { op: "u", after, text, path: [], flattened: false };
    return { change, converts: declared, attached: false, quick: false };
  };
}

interface WholeContext {
  readonly what: string;
  readonly key: MessageBytes | null;
  /** Of the wrapper that was taken off already. */
  readonly converts: Converts;
  readonly schemaConverts: (schema: ConnectField) => Converts;
}

/** What a text says that has not the common form, from a parse of the whole. */
function parsedWhole(text: string, { what, key, converts: known, schemaConverts }: WholeContext): Told {
  let value = parseJson(text, what);
  let converts = known;
  let path: readonly string[] = [];
  let attached = false;
  const wrapper = wrappedIn(value);
  if (wrapper !== null) {
    attached = wrapper.schema !== null;
    if (wrapper.schema !== null) converts = schemaConverts(wrapper.schema);
    value = wrapper.payload;
    path = ["payload"];
  }
  if (value === null) return "delete";
  if (typeof value !== "object" || Array.isArray(value)) throw notARow(what, value);
  refuseForeignPrefix(what, value as Fields);
  const skipped = skipReason(value as Fields, () => keyColumnsOf(key));
  if (skipped !== null) return skipped;
  const change = parsedChange(value as Fields, text, path);
  if (!change.flattened && isDocumentChange(value as Fields)) throw documentChange(what);
  return { change, converts, attached, quick: false };
}

function notARow(what: string, value: unknown): DeserializationError {
  return new DeserializationError(
    "not_a_row",
    `Cannot read ${what} as a change: current value is ${
      shown(value)
    }. Expected a Debezium envelope or a flattened row${textAdvice(value)}`,
  );
}
