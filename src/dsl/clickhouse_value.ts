import type { Decimal } from "../record/decimal.ts";

/**
 * TypeScript type of a value for a ClickHouse column type. Integers of 64 bits and more take `bigint` too; times of
 * every precision are microseconds, dates days since the epoch; an Enum takes its names; a Map is an object whose names
 * are the keys, a Tuple with names an object, without an array; JSON is an object, or the text of one. `never` for a
 * type that Weir does not write.
 */
export type ClickHouseValue<T extends string> = T extends `Nullable(${infer I})` ? ClickHouseValue<I> | null
  : T extends `LowCardinality(${infer I})` ? ClickHouseValue<I>
  : T extends `Array(${infer I})` ? readonly ClickHouseValue<I>[]
  : T extends `Map(${infer I})` ? MapValue<Arguments<I>>
  : T extends `Tuple(${infer I})` ? TupleValue<Arguments<I>>
  : T extends `Enum${"" | "8" | "16"}(${infer I})` ? EnumName<Arguments<I>[number]>
  : T extends `${"Int" | "UInt"}${"8" | "16" | "32"}` ? number
  : T extends `${"Int" | "UInt"}${"64" | "128" | "256"}` ? number | bigint
  : T extends `Decimal${string}` ? Decimal | number
  : T extends "Float32" | "Float64" ? number
  : T extends "DateTime" | "DateTime64" | `DateTime${"" | "64"}(${string})` ? number
  : T extends "Date" | "Date32" ? number
  : T extends "Bool" ? boolean
  : T extends "String" | "UUID" | "IPv4" | "IPv6" | `FixedString(${string}` ? string
  : T extends "JSON" ? Readonly<Record<string, unknown>> | string
  : never;

/** @internal An object of a map. */
type MapValue<L extends readonly string[]> = L extends readonly [infer K extends string, infer V extends string]
  ? { readonly [key in MapKey<K>]: ClickHouseValue<V> }
  : never;

/** Names of an object are texts. All names of an Enum need not be there, so they are no literals here. */
type MapKey<K extends string> = K extends `${"Int" | "UInt"}${string}` ? number : string;

/** @internal An array or an object of a tuple. */
type TupleValue<L extends readonly string[]> = L extends readonly [infer F extends string, ...string[]]
  ? Named<F> extends null ? Elements<L> : { readonly [E in L[number] as NameOf<E>]: ElementOf<E> }
  : never;

type Elements<L extends readonly string[], Values extends readonly unknown[] = readonly []> = L extends
  readonly [infer F extends string, ...infer R extends readonly string[]]
  ? Elements<R, readonly [...Values, ClickHouseValue<F>]>
  : Values;

/** A name and its type; null for an element without a name. */
type Named<E extends string> = E extends `\`${infer N}\` ${infer T}` ? readonly [N, Trimmed<T>]
  : E extends `"${infer N}" ${infer T}` ? readonly [N, Trimmed<T>]
  : E extends `${infer N} ${infer T}` ? N extends `${string}(${string}` ? null : readonly [N, Trimmed<T>]
  : null;
type NameOf<E extends string> = Named<E> extends readonly [infer N extends string, string] ? N : never;
type ElementOf<E extends string> = Named<E> extends readonly [string, infer T extends string] ? ClickHouseValue<T>
  : never;

/** @internal The name in quotes at the beginning of `'a' = 1`. */
type EnumName<E extends string> = E extends `'${infer R}` ? Quoted<R> : never;

/** Characters up to the closing quote, with what stands behind a backslash as itself. */
type Quoted<T extends string, Name extends string = ""> = T extends `\\${infer C}${infer R}`
  ? Quoted<R, `${Name}${Escaped<C>}`>
  : T extends `''${infer R}` ? Quoted<R, `${Name}'`>
  : T extends `'${string}` ? Name
  : T extends `${infer C}${infer R}` ? Quoted<R, `${Name}${C}`>
  : never;
type Escaped<C extends string> = C extends keyof Escapes ? Escapes[C] : C;
interface Escapes {
  readonly b: "\b";
  readonly f: "\f";
  readonly n: "\n";
  readonly r: "\r";
  readonly t: "\t";
  readonly "0": "\0";
  readonly a: "\x07";
  readonly v: "\v";
}

/**
 * @internal What stands between the commas of a list of arguments; commas in brackets and in quotes do not count.
 * `Open`: one character for each bracket that is open.
 */
type Arguments<
  T extends string,
  Open extends string = "",
  Argument extends string = "",
  List extends readonly string[] = readonly [],
> = T extends `'${infer R}`
  ? Skipped<R, "'"> extends readonly [infer Q extends string, infer S extends string]
    ? Arguments<S, Open, `${Argument}'${Q}`, List>
  : never
  : T extends `\`${infer R}`
    ? Skipped<R, "\`"> extends readonly [infer Q extends string, infer S extends string]
      ? Arguments<S, Open, `${Argument}\`${Q}`, List>
    : never
  : T extends `"${infer R}`
    ? Skipped<R, '"'> extends readonly [infer Q extends string, infer S extends string]
      ? Arguments<S, Open, `${Argument}"${Q}`, List>
    : never
  : T extends `(${infer R}` ? Arguments<R, `${Open}(`, `${Argument}(`, List>
  : T extends `)${infer R}` ? Open extends `(${infer O}` ? Arguments<R, O, `${Argument})`, List> : never
  : T extends `,${infer R}` ? Open extends "" ? Arguments<R, "", "", readonly [...List, Trimmed<Argument>]>
    : Arguments<R, Open, `${Argument},`, List>
  : T extends `${infer C}${infer R}` ? Arguments<R, Open, `${Argument}${C}`, List>
  : readonly [...List, Trimmed<Argument>];

/** A quoted text with its closing quote, and what follows it. */
type Skipped<T extends string, Quote extends string, Text extends string = ""> = T extends `\\${infer C}${infer R}`
  ? Skipped<R, Quote, `${Text}\\${C}`>
  : T extends `${Quote}${infer R}` ? readonly [`${Text}${Quote}`, R]
  : T extends `${infer C}${infer R}` ? Skipped<R, Quote, `${Text}${C}`>
  : never;

type Trimmed<T extends string> = T extends ` ${infer R}` | `\n${infer R}` ? Trimmed<R>
  : T extends `${infer R} ` | `${infer R}\n` ? Trimmed<R>
  : T;
