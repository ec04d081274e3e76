import { z } from "zod";
import type { BinaryMode, TypeForms } from "./wire_format.ts";

export type { BinaryMode } from "./wire_format.ts";

/**
 * What a reader returns instead of a value it refuses; `refusal` then says why. Cheaper than an exception or a result
 * object.
 */
export const REFUSED: unique symbol = Symbol("refused");

/** Why a value is refused. */
export interface Refusal {
  /** `wrong_type`, `not_finite`, `out_of_range` or `overflow`: the reason of the dead letter. */
  readonly reason: string;
  readonly message: string;
}

/** What integers of a type of times are: of which kind, counted in which unit. */
export interface TimeForm {
  readonly kind: "date" | "time" | "timestamp";
  readonly unit: "days" | "milliseconds" | "microseconds";
}

/** How a column of a database's type is read from the forms in which Debezium writes it. */
export interface ColumnType<T> {
  /** As the database writes the type: `numeric(12, 2)`. */
  readonly name: string;
  /**
   * Which JSON numbers do not survive JSON.parse for this type and must be read again from the text: integers beyond
   * 2^53, every number (a decimal's digits), or none.
   */
  readonly exact: "unsafe_integers" | "numbers" | null;
  /** Of types of times only: what an integer on the wire is, unless a Connect schema says otherwise. */
  readonly time?: TimeForm;
  /** Of timestamps: fraction digits of a text's seconds. Of decimals, if declared: their digits. */
  readonly precision?: number;
  /** Of decimals with a declared scale only: their fraction digits. */
  readonly scale?: number;
  /** Of decimals that are read as integers only. */
  readonly integer?: true;
  /** Of bytea only: its texts are bytes. */
  readonly binary?: true;
  /** Of char with a declared length only: its characters. */
  readonly length?: number;
  /** Gives every safe integer on as it is. */
  readonly integers?: true;
  /** Refuses the beginning of 1970, which may stand for a date that is none. */
  readonly zeroRefused?: true;
  /** Of types of other databases than PostgreSQL. */
  readonly forms?: TypeForms;
  /** Value of the wire form `wire`. Pure; never throws. */
  read(wire: unknown): T | typeof REFUSED;
  /** Called only with what `read` has refused. */
  refusal(wire: unknown): Refusal;
}

/** @ignore A zod schema that reads any wire form of a column and gives a `T`. */
export type Column<T> = z.ZodType<T, unknown>;

/**
 * Keyed by the transform's function and not by the schema: zod copies schemas (`.describe()`, `.refine()`), and every
 * copy shares the function.
 */
const types = new WeakMap<object, ColumnType<unknown>>();

/** A zod schema with `type`'s verdict and messages; {@link columnTypeOf} finds the type again. */
export function column<T>(type: ColumnType<T>): Column<T> {
  const transform = (wire: unknown, context: z.core.$RefinementCtx): T => {
    const value = type.read(wire);
    if (value !== REFUSED) return value;
    const { reason, message } = type.refusal(wire);
    context.issues.push({ code: "custom", input: wire, message, params: { reason } });
    return z.NEVER;
  };
  types.set(transform, type);
  return z.transform(transform);
}

/** The column type that `schema` itself was made for (not of what it wraps), or null. */
export function columnTypeOf(schema: z.core.$ZodType): ColumnType<unknown> | null {
  const def = schema._zod.def as z.core.$ZodTransformDef;
  return def.type === "transform" ? types.get(def.transform) ?? null : null;
}

/** A refusal of the wrong kind of value. */
export function wrongType(expected: string, wire: unknown): Refusal {
  return { reason: "wrong_type", message: `expected ${expected}: current value is ${shown(wire)}` };
}

/** `value` for a message: short, and safe for values of any size and depth. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof NumberText) return shownDigits(value.text);
  if (value instanceof Micros) return `${value.value} microseconds`;
  if (value instanceof BinaryText) return shown(value.text);
  if (value instanceof OtherType) return `${shown(value.value)} of the type ${value.semantic}`;
  return typeof value === "object" && value !== null ? "an object" : shownDigits(String(value));
}

function shownDigits(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** A JSON number as it stood in the text, with all its digits. */
export class NumberText {
  constructor(readonly text: string) {}
}

/** A time of which a Connect schema has told the unit: microseconds, whatever unit the column declares. */
export class Micros {
  constructor(readonly value: number) {}
}

/** A text of bytes of which a schema or the declared format tells the form. */
export class BinaryText {
  constructor(readonly mode: BinaryMode, readonly text: string) {}
}

/** A value that is no time of the column's kind, by its Connect schema: every type of times refuses it. */
export class OtherType {
  constructor(readonly semantic: string, readonly value: unknown) {}
}
