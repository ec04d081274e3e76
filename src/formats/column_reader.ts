import type { z } from "zod";
import { columnTypeOf, REFUSED } from "./column_type.ts";
import { isTooDeep, tooDeep } from "./exact_json.ts";

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

/**
 * The test for values of this column that JSON.parse may have rounded, so that the record's text must be read again;
 * null if there are none.
 */
export function roundedTest(schema: Schema): ((wire: unknown) => boolean) | null {
  const exact = exactness(schema, 0);
  if (exact === null) return null;
  const rounded = exact === "numbers"
    ? (wire: unknown): boolean => typeof wire === "number" || (Array.isArray(wire) && wire.some(rounded))
    : (wire: unknown): boolean =>
      (typeof wire === "number" && !Number.isSafeInteger(wire)) || (Array.isArray(wire) && wire.some(rounded));
  return rounded;
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
  return (wire) => {
    if (typeof wire === "object" && wire !== null && isTooDeep(wire)) throw tooDeep();
    try {
      const result = schema.safeParse(wire);
      return result.success ? result.data : REFUSED;
    } catch {
      // A callback in the schema threw. It will again when the message is made.
      return REFUSED;
    }
  };
}

/**
 * The strictest need of the column types anywhere inside `schema`. Schemas nest a few levels; recursive ones end the
 * search.
 */
function exactness(schema: Schema, depth: number): "unsafe_integers" | "numbers" | null {
  const exact = columnTypeOf(schema)?.exact ?? null;
  if (exact !== null || depth > 8) return exact;
  const { innerType, element, in: input, options } = schema._zod.def as {
    innerType?: Schema;
    element?: Schema;
    in?: Schema;
    options?: readonly Schema[];
  };
  let need: "unsafe_integers" | "numbers" | null = null;
  for (const inner of [innerType, element, input, ...(options ?? [])]) {
    if (inner === undefined) continue;
    const found = exactness(inner, depth + 1);
    if (found === "numbers") return found;
    need ??= found;
  }
  return need;
}
