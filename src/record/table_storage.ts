/**
 * How ClickHouse keeps a table, apart from its columns: in its own words, as CREATE TABLE has them. None of it changes
 * what the table shows.
 */
export interface TableStorage {
  /** An expression; one partition if absent. */
  readonly partitionBy?: string;
  /** Columns by which rows are sorted; the key in its order if absent. */
  readonly orderBy?: readonly string[];
  /** Elements of a TTL clause, separated by commas. */
  readonly ttl?: string;
  /** Column name to codecs, as `Delta, ZSTD(3)`. */
  readonly codecs?: Readonly<Record<string, string>>;
  /** Name to SELECT without FROM, as `SELECT seller_id, sum(amount) GROUP BY seller_id`. */
  readonly projections?: Readonly<Record<string, string>>;
  /** Settings of the engine by name. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** The text without what stands in quotes of any kind; the quotes stay. A quote within is doubled or behind `\`. */
export function withoutQuoted(sql: string): string {
  return sql.replaceAll(/(['"`])(?:\\.|\1\1|(?!\1).)*\1/gs, "$1$1");
}

/** The elements of a list that commas divide, but for those in brackets and quotes, trimmed. */
export function elementsOf(list: string): string[] {
  const elements: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: token, index } of list.matchAll(/(['"`])(?:\\.|\1\1|(?!\1).)*\1|[()[\],]/gs)) {
    if (token === "(" || token === "[") depth++;
    else if (token === ")" || token === "]") depth--;
    else if (token === "," && depth === 0) {
      elements.push(list.slice(from, index).trim());
      from = index + 1;
    }
  }
  return [...elements, list.slice(from).trim()];
}

/** Elements of a TTL clause that delete rows, or change them: all but those that move parts or compress them anew. */
export function deletingElements(ttl: string): string[] {
  return elementsOf(ttl).filter((element) =>
    !/\s(TO\s+(DISK|VOLUME)\s+(IF\s+EXISTS\s+)?''|RECOMPRESS\s+CODEC\s*\([^']*\))$/i.test(withoutQuoted(element))
  );
}
