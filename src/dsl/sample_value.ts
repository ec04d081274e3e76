import type { z } from "zod";
import { Decimal } from "../record/decimal.ts";
import type { AggregateSpec } from "./aggregate_spec.ts";
import type { ColumnShape } from "./source.ts";

/** A row as the declared schemas allow it, its key, and what it was made of. */
export interface Sample {
  readonly row: Readonly<Record<string, unknown>>;
  /** Key columns in the key's order: those of a source as declared, those of a group by name. */
  readonly key: readonly { readonly name: string; readonly value: unknown }[];
  /** True where the key is a group's, whose columns a sink finds by their names. */
  readonly grouped: boolean;
  /** Columns that are floats by their schema, by the value that only they have. */
  readonly floats: ReadonlyMap<number, string>;
}

/** Divisible by whatever people divide by, so that an integer stays one in a callback. */
export const INTEGER = 5_040_000;
/** The same within the days of a date, of which there are so many. */
const DAY = 2_520;
const DAYS = 47;
const FRACTION = 0.1234567890123;

/** Whatever a callback throws of a row that nobody wrote says nothing. */
export function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}

/** What callbacks see as a row's key. */
export function keyValueOf(key: Sample["key"]): unknown {
  return key.length === 1 ? key[0].value : Object.fromEntries(key.map(({ name, value }) => [name, value]));
}

/** What an aggregate's callback gives for a row; undefined if it throws. */
export function sampledValue(value: ((row: never) => unknown) | null, { row }: Sample): unknown {
  return value === null ? undefined : attempt(() => value({ ...row } as never)) ?? undefined;
}

/** A row of these columns, and which of them are floats. */
export interface SampleColumns {
  readonly row: Readonly<Record<string, unknown>>;
  readonly floats: ReadonlyMap<number, string>;
}

/**
 * A row as a schema allows it. `first`: number of columns that have values already. @throws TypeError for a schema that
 * takes no known value
 */
export function sampleColumns(
  { name: source, shape }: { readonly name: string; readonly shape: ColumnShape },
  first: number,
): SampleColumns {
  const floats = new Map<number, string>();
  const row: Record<string, unknown> = {};
  for (const [index, [name, schema]] of Object.entries(shape).entries()) {
    const value = columnValue(schema as z.ZodType, first + index + 1);
    row[name] = value;
    if (typeof value === "number" && !Number.isInteger(value)) floats.set(value, `${source}.${name}`);
  }
  return { row, floats };
}

/** A schema that takes every value tells nothing, and so is no float. */
export function columnValue(schema: z.ZodType, number: number): unknown {
  const text = `sample ${number}`;
  const values: unknown[] = schema.safeParse(text).success ? [] : [FRACTION + number];
  values.push(
    INTEGER * number,
    DAY * (1 + (number - 1) % DAYS),
    `{"sample":${number}}`,
    uuidOf(number),
    "AAAA",
    text,
    "a",
    true,
    [],
    {},
  );
  const { entries } = schema._zod.def as { entries?: Readonly<Record<string, unknown>> };
  values.push(...Object.values(entries ?? {}));
  for (const value of values) {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
  }
  throw new TypeError(`no sample of column ${number}`);
}

function uuidOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** Of a group with one row. */
export function ofTotal(
  spec: AggregateSpec,
  { number, input }: { readonly number: number; readonly input: Sample },
): unknown {
  switch (spec.kind) {
    case "count":
    case "countDistinct":
      return INTEGER * number;
    case "avg":
      return Decimal.of(number);
    case "topN":
    case "collect":
      return [sampledValue(spec.value, input)];
    case "custom":
      return attempt(() => {
        const state = spec.add(spec.empty!(), spec.value({ ...input.row }));
        return spec.result === null ? state : spec.result(state);
      });
    default:
      return sampledValue(spec.value, input);
  }
}
