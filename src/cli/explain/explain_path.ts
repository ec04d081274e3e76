/** Where explanations are asked for. */
export const EXPLAIN_PATH = "/api/explain";
/** Parameters that are no key columns. */
export const PARAMETERS: readonly string[] = ["limit", "after", "part"];
/** In front of the name of a key column, where that alone would be another parameter. */
const COLUMN = "column.";
/** What is no part of a path: the first is left out, and the others lead elsewhere. */
const NO_PARTS: readonly string[] = ["", ".", ".."];

/** A table of which a key is asked about. */
export interface AskedTable {
  readonly topology: string;
  readonly table: string;
  /** Names of its key columns, in their order; null where they are not known, and of a table of events. */
  readonly columns: readonly string[] | null;
}

/**
 * Where a key is asked about. Its values stand behind the names of their columns, so that each text is taken as it is;
 * what is no value for each column (several ones in one text, a record's key, an event's place) stands in the path.
 */
export function explainPath({ topology, table, columns }: AskedTable, values: readonly string[]): string {
  const path = [EXPLAIN_PATH, ...[topology, table].map(encodeURIComponent)].join("/");
  if (columns !== null && values.length === columns.length && !isRecordKey(values[0], columns)) {
    return `${path}?${new URLSearchParams(columns.map((column, at) => [parameterOf(column), values[at]]))}`;
  }
  const text = keyText(values);
  if (!NO_PARTS.includes(text)) return `${path}/${encodeURIComponent(text)}`;
  return columns === null
    ? `${path}?${new URLSearchParams({ key: text })}`
    : `${path}/${encodeURIComponent(JSON.stringify([text]))}`;
}

/** One value as it is, several as a JSON array: how keys stand in paths and addresses. */
export function keyText(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : JSON.stringify(values);
}

/** The key column that a parameter names. */
export function columnOf(parameter: string): string {
  return parameter.startsWith(COLUMN) ? parameter.slice(COLUMN.length) : parameter;
}

function parameterOf(column: string): string {
  return PARAMETERS.includes(column) || column.startsWith(COLUMN) ? `${COLUMN}${column}` : column;
}

/** Whether it is the key of a record, `{"id":42}`, of a table of one key column. */
function isRecordKey(text: string, columns: readonly string[]): boolean {
  if (columns.length !== 1 || !text.startsWith("{")) return false;
  try {
    const names = Object.keys(JSON.parse(text) as object);
    return names.length === 1 && names[0] === columns[0];
  } catch {
    return false;
  }
}
