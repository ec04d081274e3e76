import { UsageError } from "../usage_error.ts";

/** A column as it is declared, and what Debezium writes for it in a sample. */
interface ColumnText {
  readonly schema: string;
  /** What the schema needs of the library. */
  readonly imported: readonly string[];
  readonly sample: unknown;
}

type ReadColumn = (parameters: string) => ColumnText;

const of = (name: string, sample: unknown): ReadColumn => (parameters) => ({
  schema: `${name}(${parameters})`,
  imported: [name],
  sample,
});
const plain = (schema: string, sample: unknown): ReadColumn => () => ({ schema, imported: [], sample });
const text = plain("z.string()", "a text");

/** PostgreSQL's types by name. */
const TYPES: Readonly<Record<string, ReadColumn>> = {
  int2: plain("z.int()", 1),
  int4: plain("z.int()", 1),
  integer: plain("z.int()", 1),
  int8: of("int8", 1),
  bigint: of("int8", 1),
  text,
  varchar: text,
  bool: plain("z.boolean()", true),
  boolean: plain("z.boolean()", true),
  numeric: of("numeric", "12.50"),
  float8: of("float8", 0.5),
  date: of("date", 19_889),
  time: of("time", 45_296_000_000),
  timestamp: of("timestamp", 1_718_447_696_000_000),
  timestamptz: of("timestamptz", "2024-06-15T10:34:56Z"),
  uuid: of("uuid", "123e4567-e89b-12d3-a456-426614174000"),
  json: of("json", "{}"),
  jsonb: of("json", "{}"),
  bytea: of("bytea", "AAE="),
  citext: of("citext", "a text"),
};

/** A source that is to be declared. */
export interface NewSource {
  /** The export's name. */
  readonly name: string;
  readonly topic: string;
  readonly key: readonly string[];
  /** Name to type: `int8`, `numeric(12,2)`, `text?` where it may be null. */
  readonly columns: ReadonlyMap<string, string>;
}

/** A declaration, what it imports of the library, and a record for it. */
export interface SourceText {
  readonly text: string;
  readonly imported: readonly string[];
  readonly sample: string;
}

/** Reads `name:type`. @throws UsageError with all problems */
export function readColumns(operands: readonly string[]): Map<string, string> {
  const columns = new Map<string, string>();
  const problems: string[] = [];
  for (const operand of operands) {
    const [, name, type] = /^([a-z_][a-z0-9_]*):(.+)$/i.exec(operand) ?? [];
    if (name === undefined) {
      problems.push(
        `Cannot use "${operand}" as a column: write name:type, such as id:int8 or note:text? (may be null)`,
      );
    } else if (columns.has(name)) problems.push(`Cannot declare column "${name}" twice`);
    else if (typeOf(type) === null) {
      problems.push(
        `Cannot use "${type}" as the type of column "${name}": there are ${Object.keys(TYPES).join(", ")}, ` +
          "numeric(12,2), timestamptz(3) and others of a precision, each with ? where it may be null",
      );
    } else columns.set(name, type);
  }
  if (columns.size === 0 && problems.length === 0) {
    problems.push("Cannot make a source without columns: name them behind the table, such as id:int8 name:text");
  }
  if (problems.length > 0) throw new UsageError(problems);
  return columns;
}

/** Types without parameters take none: `text(5)` is nothing that is checked. */
function typeOf(type: string): ColumnText | null {
  const [, name, parameters = ""] = /^([a-z0-9]+)(?:\((\d+(?:,\s*\d+)?)\))?\??$/.exec(type) ?? [];
  if (name === undefined || !Object.hasOwn(TYPES, name)) return null;
  const read = TYPES[name](parameters.replace(/,\s*/, ", "));
  if (parameters === "" || name === "varchar" || /^(numeric|time|timestamp|timestamptz)$/.test(name)) return read;
  return null;
}

/** The declaration as it stands in a file. */
export function sourceText({ name, topic, key, columns }: NewSource): SourceText {
  const read = [...columns].map(([name, type]) => ({ name, nullable: type.endsWith("?"), ...typeOf(type)! }));
  const rows = read.map(({ name, schema, nullable }) => `    ${name}: ${schema}${nullable ? ".nullable()" : ""},\n`);
  const sample = JSON.stringify(Object.fromEntries(read.map(({ name, sample }) => [name, sample])));
  const keys = key.map((column) => JSON.stringify(column)).join(", ");
  return {
    text: `/** Rows such as \`${sample}\`. */\n` +
      `export const ${name} = debezium(${JSON.stringify(topic)}, {\n` +
      `  key: [${keys}],\n  row: z.object({\n${rows.join("")}  }),\n});\n`,
    imported: ["debezium", ...read.flatMap(({ imported }) => imported)],
    sample,
  };
}
