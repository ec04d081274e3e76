import { type ColumnShape, masking, type ParsedRow, type RowSchema, Source } from "./source.ts";

/** Options of {@link jsonTable}. */
export interface JsonTableOptions<S extends ColumnShape, C extends keyof S & string> {
  /** Key columns, in the order of the record's key. What the value lacks of them is taken from the key. */
  readonly key: readonly C[];
  /** Columns to read. Others are ignored; a missing or mistyped one sends the record to the dead letters. */
  readonly row: RowSchema<S>;
  /**
   * What a record's key is. `text`: the text or the digits of the only key column, as `StringSerializer` writes them;
   * `json`: its value as JSON, `"a"` or `17`; `object`: a JSON object of the key columns, without blanks, in their
   * order. Default: `text` for one key column, else `object`.
   */
  readonly keys?: "text" | "json" | "object";
  /** Names the table in operators, topics and metrics; default: the last part of the topic. */
  readonly name?: string;
  /** Columns whose values people are not shown, as those of a Debezium source. */
  readonly mask?: readonly (keyof S & string)[];
}

/**
 * Declares a topic of plain JSON as a table: a record's value is the row of its key, and a record without a value
 * deletes it. The topic must keep the newest record of each key (`cleanup.policy=compact`), written in the partition of
 * Kafka's default partitioner. Whatever works on a {@link Source} of Debezium works on it.
 *
 * @example const rates = jsonTable("shop.rates", { key: ["currency"], row: z.object({ currency: z.string(), rate:
 * numeric(12, 6) }) });
 * @throws TypeError for keys of several columns that are no objects, and for a masked column that the row lacks
 */
export function jsonTable<S extends ColumnShape, const C extends keyof S & string>(
  topic: string,
  options: JsonTableOptions<S, C>,
): Source<Pick<ParsedRow<S>, C & keyof ParsedRow<S>>, ParsedRow<S>> {
  const { key, mask, keys = key.length === 1 ? "text" : "object" } = options;
  if (key.length !== 1 && keys !== "object") {
    throw new TypeError(`Cannot read keys of "${topic}" as ${keys}: it has ${key.length} key columns. Use "object"`);
  }
  const name = options.name ?? topic.slice(topic.lastIndexOf(".") + 1);
  const row = options.row as RowSchema;
  const format = { plain: true, binary: "bytes", key: keys === "json" ? "bare" : keys } as const;
  return new Source({ name, topic, key, row, format, ...masking(name, { row, mask }) });
}
