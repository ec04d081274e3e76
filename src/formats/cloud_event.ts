import { DeserializationError } from "../record/errors.ts";
import type { RecordHeaders } from "../record/headers.ts";
import { type MessageBytes, parseJson, textOf } from "./message_text.ts";

/** Header attributes begin with this in binary mode: CloudEvents, Kafka protocol binding 1.0.2, section 3.2. */
const PREFIX = "ce_";
const STRUCTURED = "application/cloudevents+json";
const BATCHED = "application/cloudevents-batch";
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b|^text\/json\b/i;
const BYTES_MAX = 8 * 1024 * 1024;

/**
 * A CloudEvent's JSON text as structured mode has it, of a record in either mode: attributes as members, the event's
 * JSON as `data`. The data's text stays as it is, so that numbers keep their digits.
 * @throws DeserializationError `not_an_event` for a record that is no CloudEvent of JSON
 */
export function cloudEventText(
  { value, headers }: { readonly value: MessageBytes | null; readonly headers: RecordHeaders },
  what: string,
): string {
  const contentType = named(headers, "content-type");
  if (contentType?.toLowerCase().startsWith(BATCHED)) {
    throw refused(what, "it is a batch of CloudEvents. Let the producer write each event as a record of its own");
  }
  if (contentType?.toLowerCase().startsWith(STRUCTURED) || named(headers, `${PREFIX}specversion`) === null) {
    return structuredText(value, what);
  }
  if (contentType !== null && value !== null && !JSON_TYPE.test(contentType)) {
    throw refused(what, `its data is ${contentType}. Read the topic with events(topic, { bytes: true }) instead`);
  }
  const attributes = Object.entries(headers).flatMap(([name, text]) =>
    name.toLowerCase().startsWith(PREFIX) && typeof text === "string"
      ? [`${JSON.stringify(name.slice(PREFIX.length).toLowerCase())}:${JSON.stringify(text)}`]
      : []
  );
  const data = value === null ? "null" : jsonOf(value, what).text;
  const type = contentType === null ? [] : [`"datacontenttype":${JSON.stringify(contentType)}`];
  return `{${[...attributes, ...type, `"data":${data}`].join(",")}}`;
}

function structuredText(value: MessageBytes | null, what: string): string {
  if (value === null) throw refused(what, "it has neither headers of CloudEvents nor a value");
  const { text, parsed } = jsonOf(value, what);
  const event = parsed as { readonly specversion?: unknown; readonly data_base64?: unknown } | null;
  if (typeof event !== "object" || event === null || typeof event.specversion !== "string") {
    throw refused(what, 'it has no attribute "specversion", neither in a header nor in its value');
  }
  if (event.data_base64 !== undefined) {
    throw refused(what, "its data is bytes (data_base64). Let the producer write JSON");
  }
  return text;
}

/** The text and what it holds. @throws DeserializationError `not_json` for a text that is no JSON by itself */
function jsonOf(value: MessageBytes, what: string): { readonly text: string; readonly parsed: unknown } {
  const text = textOf(value, what, BYTES_MAX);
  return { text, parsed: parseJson(text, what) };
}

/** Names of headers are compared without regard to case. */
function named(headers: RecordHeaders, name: string): string | null {
  if (typeof headers[name] === "string") return headers[name];
  const found = Object.keys(headers).find((other) => other.toLowerCase() === name);
  return found === undefined ? null : headers[found] ?? null;
}

function refused(what: string, reason: string): DeserializationError {
  return new DeserializationError("not_an_event", `Cannot read ${what} as a CloudEvent: ${reason}`);
}
