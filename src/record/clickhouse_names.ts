/** An identifier in backticks. */
export function quoted(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}

/** A string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** An array of strings, also when it is empty. */
export function literalArray(texts: readonly string[]): string {
  return `CAST([${texts.map(literal).join(", ")}] AS Array(String))`;
}

/** Quoted `database`.`table`. */
export function qualified(database: string, name: string): string {
  return `${quoted(database)}.${quoted(name)}`;
}
