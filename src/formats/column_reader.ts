import type { z } from "zod";
import { type ColumnType, columnTypeOf, REFUSED, type TimeForm } from "./column_type.ts";
import { isTooDeep, isUnsafe, NESTING_MAX, roundsInteger, roundsText, tooDeep } from "./exact_json.ts";
import { isRowValue } from "./row_value.ts";
import type { TypeForms } from "./wire_format.ts";

/** A value or {@link REFUSED}: exactly what zod's verdict on the column's schema is. */
export type Read = (wire: unknown) => unknown;

type Schema = z.core.$ZodType;

/**
 * The reader of one column. Schemas of the common kinds become closures with zod's verdict that need no result objects
 * (5-50 ns instead of 100-300 ns); any other schema is asked itself. Either way zod writes the messages.
 */
export function readerOf(schema: Schema): Read {
  return compiled(schema) ?? asked(schema as z.ZodType);
}

/** How a column's values are read again from the record's text, where JSON.parse may have rounded them. */
export interface Exactness {
  /** Every number with its digits, or only integers beyond 2^53, as bigints. */
  readonly form: "numbers" | "integers";
  /** True for values that must be read again. */
  readonly rounded: (wire: unknown) => boolean;
}

/** Null if nothing that a column of `schema` accepts can have been rounded. */
export function exactnessOf(schema: Schema): Exactness | null {
  if (holdsNumeric(schema, 0)) return { form: "numbers", rounded: hasNumber };
  return mayHoldInteger(schema, 0) ? { form: "integers", rounded: hasUnsafe } : null;
}

/** True if zod itself is asked for values of this column, so that they may become anything. */
export function isAsked(schema: Schema): boolean {
  return compiled(schema) === null;
}

/** Integers of the column's type of times, wherever in `schema` it stands; null for another column. */
export function timeFormOf(schema: Schema): TimeForm | null {
  return firstIn(schema, 0, ({ time }) => time);
}

/** The forms of the column's type, wherever in `schema` it stands; null: those of PostgreSQL's. */
export function formsOf(schema: Schema): TypeForms | null {
  return firstIn(schema, 0, ({ forms }) => forms);
}

/** Whether the column's texts are bytes, wherever in `schema` their type stands. */
export function isBinary(schema: Schema): boolean {
  return firstIn(schema, 0, ({ binary }) => binary) === true;
}

/** Fraction digits of the column's decimals, wherever in `schema` their type stands; null if none are declared. */
export function scaleOf(schema: Schema): number | null {
  return firstIn(schema, 0, ({ scale }) => scale);
}

/** What the first column type in `schema` says that says something. */
function firstIn<T>(schema: Schema, depth: number, say: (type: ColumnType<unknown>) => T | undefined): T | null {
  const type = columnTypeOf(schema);
  const own = type === null ? undefined : say(type);
  if (own !== undefined) return own;
  if (depth > NESTED_SCHEMAS_MAX) return null;
  for (const inner of innerSchemas(schema)) {
    const found = firstIn(inner, depth + 1, say);
    if (found !== null) return found;
  }
  return null;
}

function hasNumber(wire: unknown, depth = 0): boolean {
  if (typeof wire === "number") return true;
  if (!Array.isArray(wire) || depth > NESTING_MAX) return false;
  for (let index = 0; index < wire.length; index++) if (hasNumber(wire[index], depth + 1)) return true;
  return false;
}

function hasUnsafe(wire: unknown, depth = 0): boolean {
  if (typeof wire !== "object" || wire === null) return isUnsafe(wire);
  if (depth > NESTING_MAX) return false;
  for (const name in wire) if (hasUnsafe((wire as Record<string, unknown>)[name], depth + 1)) return true;
  return false;
}

function compiled(schema: Schema): Read | null {
  const def = schema._zod.def;
  if (def.checks !== undefined && def.checks.length > 0) return null;
  const type = columnTypeOf(schema);
  if (type !== null) return type.read;
  switch (def.type) {
    case "string":
      return plain(def) ? (wire) => typeof wire === "string" ? wire : REFUSED : null;
    case "boolean":
      return plain(def) ? (wire) => typeof wire === "boolean" ? wire : REFUSED : null;
    case "number":
      return compiledNumber(def as z.core.$ZodNumberDef);
    case "enum":
    case "literal": {
      const values = schema._zod.values;
      return values === undefined ? null : (wire) => (values as Set<unknown>).has(wire) ? wire : REFUSED;
    }
    case "nullable":
      return compiledOr(null, (def as z.core.$ZodNullableDef).innerType);
    case "optional":
      return compiledOr(undefined, (def as z.core.$ZodOptionalDef).innerType);
    case "array":
      return compiledArray((def as z.core.$ZodArrayDef).element);
    default:
      return null;
  }
}

/** True for z.string() and z.boolean() as they are, without coercion or format. */
function plain(def: z.core.$ZodTypeDef): boolean {
  const { coerce, format } = def as { coerce?: boolean; format?: string };
  return coerce !== true && format === undefined;
}

function compiledNumber(def: z.core.$ZodNumberDef & { format?: string }): Read | null {
  if (def.coerce === true) return null;
  if (def.format === "safeint") return (wire) => Number.isSafeInteger(wire) ? wire : REFUSED;
  return def.format === undefined ? (wire) => Number.isFinite(wire) ? wire : REFUSED : null;
}

/** `value` as it is, anything else as the inner schema says. */
function compiledOr(value: null | undefined, inner: Schema): Read | null {
  const read = compiled(inner);
  // An inner schema that makes something of a missing value (a default) must see it: zod decides.
  if (read === null || inner._zod.optin !== undefined && value === undefined) return null;
  return (wire) => wire === value ? value : read(wire);
}

function compiledArray(element: Schema): Read | null {
  const read = compiled(element);
  if (read === null) return null;
  return (wire) => {
    if (!Array.isArray(wire)) return REFUSED;
    const values: unknown[] = [];
    for (const item of wire) {
      const value = read(item);
      if (value === REFUSED) return REFUSED;
      values.push(value);
    }
    return values;
  };
}

function asked(schema: z.ZodType): Read {
  const coerces = coercesNumber(schema);
  return (wire) => {
    if (typeof wire === "object" && wire !== null && isTooDeep(wire)) throw tooDeep();
    try {
      const result = schema.safeParse(wire);
      if (!result.success || !isRowValue(result.data)) return REFUSED;
      const rounds = roundsInteger(wire, result.data) || (coerces && roundsText(wire, result.data));
      return rounds ? REFUSED : result.data;
    } catch {
      // A callback in the schema threw. It will again when the message is made.
      return REFUSED;
    }
  };
}

/**
 * Whether `schema` makes numbers of texts without being told how, at any depth. A callback of the topology's author may
 * round as it likes.
 */
export function coercesNumber(schema: Schema, depth = 0): boolean {
  const { type, coerce, shape } = schema._zod.def as {
    type: string;
    coerce?: boolean;
    shape?: Readonly<Record<string, Schema>>;
  };
  if (type === "number") return coerce === true;
  if (depth > NESTED_SCHEMAS_MAX) return false;
  return [...innerSchemas(schema), ...Object.values(shape ?? {})].some((inner) => coercesNumber(inner, depth + 1));
}

/** Schemas nest a few levels; recursive ones end the search. */
export const NESTED_SCHEMAS_MAX = 8;

/** What a schema wraps, lists or begins with; not the fields of an object. */
export function innerSchemas(schema: Schema): Schema[] {
  const { innerType, element, in: input, options } = schema._zod.def as {
    innerType?: Schema;
    element?: Schema;
    in?: Schema;
    options?: readonly Schema[];
  };
  return [innerType, element, input, ...(options ?? [])].filter((inner) => inner !== undefined);
}

function holdsNumeric(schema: Schema, depth: number): boolean {
  if (columnTypeOf(schema)?.exact === "numbers") return true;
  return depth <= NESTED_SCHEMAS_MAX && innerSchemas(schema).some((inner) => holdsNumeric(inner, depth + 1));
}

/** False only if `schema` refuses every integer beyond 2^53, at any depth: then nothing can be rounded. */
function mayHoldInteger(schema: Schema, depth: number): boolean {
  const type = columnTypeOf(schema);
  if (type !== null) return type.exact !== null;
  if (depth > NESTED_SCHEMAS_MAX) return true;
  const { coerce, format, shape } = schema._zod.def as {
    coerce?: boolean;
    format?: string;
    shape?: Readonly<Record<string, Schema>>;
  };
  switch (schema._zod.def.type) {
    case "string":
    case "boolean":
      return coerce === true;
    case "number":
      return coerce === true || format !== "safeint";
    case "enum":
    case "literal":
      return false;
    case "array":
    case "nullable":
    case "optional":
    case "readonly":
    case "default":
    case "pipe":
    case "union":
      return innerSchemas(schema).some((inner) => mayHoldInteger(inner, depth + 1));
    case "object":
      return Object.values(shape ?? {}).some((inner) => mayHoldInteger(inner, depth + 1));
    default:
      return true;
  }
}
