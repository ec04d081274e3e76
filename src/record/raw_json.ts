/** What TypeScript's library does not know of JSON yet. */
interface RawJson {
  parse(
    text: string,
    reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

const RAW = JSON as unknown as RawJson;

/** JSON whose numbers JSON.stringify writes again with the digits that they have. @throws SyntaxError */
export function parseRaw(text: string): unknown {
  return RAW.parse(
    text,
    (_name, value, { source }) => typeof value === "number" ? rawNumber(source ?? String(value)) : value,
  );
}

/** A number that JSON.stringify writes with these digits. @throws SyntaxError for what is none in JSON */
export function rawNumber(digits: string): unknown {
  return RAW.rawJSON(digits);
}

/** Whether a value of {@link parseRaw} is an object. */
export function isRawObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !RAW.isRawJSON(value);
}
