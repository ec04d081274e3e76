import type { ConnectField } from "../record/connect_field.ts";

/** Schemas remembered for each decoder. A topic has one at a time, two while its table changes. */
const SCHEMAS_MAX = 4;
const START = '{"schema":';
const NO_SCHEMA = `${START}null`;
const MIDDLE = ',"payload":';

/** A message's text up to its payload, and what was made of the schema in it. */
export interface Wrapper<T> {
  readonly prefix: string;
  /** There is a schema in it, not just null. */
  readonly schema: boolean;
  readonly made: T;
}

/**
 * Finds the payload of `{"schema":...,"payload":...}`. All messages of a table version begin with the same schema,
 * which is six sevenths of the message: it is parsed once, later messages are only compared with it.
 *
 * @param make called once for each schema
 * @returns the wrapper of a text, whose payload is `text.slice(wrapper.prefix.length, -1)`; null if the text is not of
 * that form
 */
export function schemaWrappers<T>(make: (schema: ConnectField) => T): (text: string) => Wrapper<T> | null {
  const known: Wrapper<T>[] = [];
  return (text) => {
    if (!text.startsWith(START) || text.charCodeAt(text.length - 1) !== 125) return null;
    for (const wrapper of known) if (beginsWith(text, wrapper.prefix)) return wrapper;
    const schema = schemaAt(text);
    if (schema === null) return null;
    const prefix = flat(`${START}${schema.text}${MIDDLE}`);
    const wrapper = { prefix, schema: schema.text !== "null", made: make(schema.value) };
    known.unshift(wrapper);
    if (known.length > SCHEMAS_MAX) known.pop();
    return wrapper;
  };
}

/** A string of its own memory: a slice would keep the first message alive. */
function flat(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/** As startsWith, which takes 16 us for 8 KB: comparing two strings of equal length takes 1. */
function beginsWith(text: string, prefix: string): boolean {
  return text.slice(0, prefix.length) === prefix;
}

/**
 * The schema: what stands before a `"payload":` and parses as one object, so that this key cannot be one inside of it.
 */
function schemaAt(text: string): { readonly text: string; readonly value: ConnectField } | null {
  if (text.startsWith(NO_SCHEMA + MIDDLE)) return { text: "null", value: {} };
  const end = text.indexOf(`}${MIDDLE}`, START.length) + 1;
  if (end === 0) return null;
  const schema = text.slice(START.length, end);
  try {
    const value: unknown = JSON.parse(schema);
    return isConnectSchema(value) ? { text: schema, value } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * What `{"schema":...,"payload":...}` is made of, whichever stands first; null for any other value: a row may have
 * columns that happen to be called so. `isSchema`: of which schemas; by default of structs.
 */
export function wrappedIn(
  value: unknown,
  isSchema: (schema: unknown) => schema is ConnectField = isConnectSchema,
): { readonly schema: ConnectField | null; readonly payload: unknown } | null {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return null;
  const { schema, payload } = value as { schema?: unknown; payload?: unknown };
  return payload !== undefined && (schema === null || isSchema(schema)) ? { schema, payload } : null;
}

/** True if `value` is a Connect schema of a struct. */
function isConnectSchema(value: unknown): value is ConnectField {
  return typeof value === "object" && value !== null && (value as ConnectField).type === "struct";
}
