import type { z } from "zod";
import type { WireFormat } from "../formats/key_form.ts";
import { didYouMean } from "../record/nearest.ts";

/** @ignore Columns of a row schema: what `z.object` takes. */
export type ColumnShape = z.ZodRawShape;

/** @ignore A row schema: what `z.object({...})` gives. */
export type RowSchema<S extends ColumnShape = ColumnShape> = z.ZodObject<S>;

/** @ignore The row that a schema gives. */
export type ParsedRow<S extends ColumnShape> = z.output<z.ZodObject<S>>;

/** Values of a row by column name; columns keep the database's snake_case. */
export type RowOf = { readonly [column: string]: unknown };

/** What a foreign key must be to reach a table with key columns `K`: one column's value, or the object of several. */
export type KeyOf<K> = IsUnion<keyof K> extends true ? K : K[keyof K];

/** Whether a type has several members. */
export type IsUnion<T, U = T> = [T] extends [never] ? false : T extends U ? ([U] extends [T] ? false : true) : never;

/**
 * What of a topic's records is written through a schema registry (Avro, JSON Schema or Protobuf, in Confluent's form):
 * keys and values, or values alone, with keys as they are without it.
 */
export type RegistryUse = "all" | "values";

/** The plain data of a source, as planner and runtime see it. */
export interface SourceSpec {
  /** Last part of the topic unless named otherwise; the root of operator names. */
  readonly name: string;
  /** Name of the Debezium topic: `<prefix>.<schema>.<table>`. */
  readonly topic: string;
  /** Primary key columns in Debezium's order. */
  readonly key: readonly string[];
  /** Schema of the columns that are read; other columns of the topic are ignored. */
  readonly row: RowSchema;
  /** How the connector writes decimals and times, where it is not as recommended. */
  readonly format?: WireFormat;
  /** What of the records is written through a schema registry; absent: nothing. */
  readonly registry?: RegistryUse;
  /** Columns that people are not shown; also those that are not picked, since records have them. */
  readonly mask?: readonly string[];
}

/**
 * A Debezium change topic: a table by nature. `K` are its key columns, `V` its row.
 *
 * @example const orders = debezium("online_store.public.orders", { key: ["id"], row: z.object({ id: int8(), status:
 * z.string() }) });
 */
export class Source<K extends RowOf, V extends RowOf> {
  /** @ignore Carries a type. */
  declare readonly "~key": K;
  /** @ignore Carries a type. */
  declare readonly "~row": V;

  /** @ignore Made by {@link debezium}. */
  constructor(readonly spec: SourceSpec) {}

  /**
   * The same topic with fewer columns (the key is always among them). Columns that are not picked are neither checked
   * nor kept in memory, so a topology picks what it uses.
   *
   * @throws TypeError for a column that the row schema does not have
   */
  pick<C extends keyof V & string>(...columns: C[]): Source<K, Pick<V, (keyof K | C) & keyof V>> {
    const wanted = new Set<string>([...this.spec.key, ...columns]);
    const known = Object.keys(this.spec.row.shape);
    const unknown = columns.find((column) => !known.includes(column));
    if (unknown !== undefined) {
      throw new TypeError(
        `Cannot pick column "${unknown}" of "${this.spec.name}": its row schema has ${known.join(", ")}` +
          (didYouMean(unknown, known) || ". Add it to z.object({...})"),
      );
    }
    const mask: Record<string, true> = {};
    for (const column of known) if (wanted.has(column)) mask[column] = true;
    return new Source({ ...this.spec, row: this.spec.row.pick(mask) as RowSchema });
  }
}

/** Options of {@link debezium}. */
export interface DebeziumOptions<S extends ColumnShape, C extends keyof S & string> {
  /** Primary key columns in the order of Debezium's key. */
  readonly key: readonly C[];
  /** Columns to read. Others are ignored; a missing or mistyped one sends the record to the dead letters. */
  readonly row: RowSchema<S>;
  /** Names the table in operators, topics and metrics; default: the last part of the topic. */
  readonly name?: string;
  /**
   * How the connector writes decimals and times, in keys and rows, where no schema is attached. Default:
   * `decimal.handling.mode=string`, and times as the columns declare them.
   */
  readonly format?: WireFormat;
  /**
   * Set if the connector writes through a schema registry (`AvroConverter`, `JsonSchemaConverter`,
   * `ProtobufConverter`): `"all"` if keys and values, `"values"` if keys are JSON. The registry itself is configured
   * (`SCHEMA_REGISTRY_URL`). The schema says how decimals and times are written; `format` still counts for keys that
   * other tasks look for.
   */
  readonly registry?: RegistryUse;
  /**
   * Columns whose values people are not shown: in the console, taps, explanations, answers of stores, dead letters,
   * tests made of these, logs and commands `(masked)` stands in their place. What a callback makes of a row that has
   * one is hidden, too, but for the columns that `unmask` names. Sinks, topics and everything computed have the true
   * values.
   */
  readonly mask?: readonly (keyof S & string)[];
}

/**
 * Declares a Debezium change topic as a source of rows.
 * @throws TypeError for a masked column that the row schema does not have
 */
export function debezium<S extends ColumnShape, const C extends keyof S & string>(
  topic: string,
  options: DebeziumOptions<S, C>,
): Source<Pick<ParsedRow<S>, C & keyof ParsedRow<S>>, ParsedRow<S>> {
  const name = options.name ?? topic.slice(topic.lastIndexOf(".") + 1);
  const { key, format, registry, mask } = options;
  const row = options.row as RowSchema;
  const encoded = registry === undefined ? {} : { registry };
  return new Source({ name, topic, key, row, format, ...encoded, ...masking(name, { row, mask }) });
}

/** The columns that are masked, if there are any. @throws TypeError for one that there is not */
export function masking(
  source: string,
  { row, mask = [] }: { readonly row: RowSchema; readonly mask?: readonly string[] },
): { readonly mask?: readonly string[] } {
  const known = Object.keys(row.shape);
  const unknown = mask.find((column) => !known.includes(column));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot mask column "${unknown}" of "${source}": its row schema has ${known.join(", ")}` +
        (didYouMean(unknown, known) || ". Add it to z.object({...})"),
    );
  }
  return mask.length === 0 ? {} : { mask };
}
