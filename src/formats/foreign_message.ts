import { DeserializationError } from "../record/errors.ts";
import type { Fields } from "./envelope.ts";
import { JSON_VALUES } from "./message_text.ts";

/** What to do about a text where a change should be; empty for any other value. Begins with a full stop. */
export function textAdvice(value: unknown): string {
  if (typeof value !== "string") return "";
  return /^\s*[{[]/.test(value)
    ? ". This is JSON within JSON: use JsonConverter for the value once, without another one before it"
    : ". This is no JSON object: the connector must use JsonConverter and no transformation that takes the row apart";
}

/**
 * Who wrote a message that another tool or another format of Debezium's has, told by the fields that only its envelope
 * has together, and what to do; null for anything else. Asked only about messages that are refused, because a table may
 * have such columns.
 */
export function foreignWriter(value: Fields): string | null {
  const writer = WRITERS.find(({ wrote }) => wrote(value));
  return writer === undefined ? null : `it looks like ${writer.name}. ${writer.remedy}`;
}

const MYSQL = "Weir reads Debezium's messages: write the topic with Debezium's MySQL connector";
const MAXWELL_TYPE = /^(?:insert|update|delete|bootstrap-\w+|(?:table|database)-\w+)$/;

const WRITERS: readonly {
  readonly name: string;
  readonly remedy: string;
  readonly wrote: (fields: Fields) => boolean;
}[] = [
  {
    name: "a message of CloudEventsConverter (CloudEvents)",
    remedy: `Set ${JSON_VALUES} in the connector instead`,
    wrote: ({ specversion, type, source }) => [specversion, type, source].every((field) => typeof field === "string"),
  },
  {
    name: "a message of Canal",
    remedy: MYSQL,
    wrote: ({ database, isDdl, data }) =>
      typeof database === "string" && typeof isDdl === "boolean" && (Array.isArray(data) || data === null),
  },
  {
    name: "a message of Maxwell",
    remedy: MYSQL,
    wrote: ({ database, table, type, data, def }) =>
      typeof database === "string" && typeof table === "string" && typeof type === "string" &&
      MAXWELL_TYPE.test(type) && (isFields(data) || isFields(def)),
  },
  {
    name: "a message of Oracle GoldenGate",
    remedy: "Weir reads Debezium's messages: write the topic with Debezium's Oracle connector",
    wrote: ({ op_type, before, after }) => typeof op_type === "string" && (isFields(before) || isFields(after)),
  },
  {
    name: "a message of Debezium's topic of schema changes",
    remedy: "Name the topic of a table: <topic.prefix>.<schema>.<table>",
    wrote: ({ databaseName, ddl, tableChanges }) =>
      typeof databaseName === "string" && (typeof ddl === "string" || ddl === null) && Array.isArray(tableChanges),
  },
];

function isFields(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether an envelope is of Debezium's MongoDB connector: it has no row, and its key is a text of extended JSON. */
export function isDocumentChange({ source }: Fields): boolean {
  return isFields(source) && (source as Fields).connector === "mongodb";
}

/** The refusal of such a change. */
export function documentChange(what: string): DeserializationError {
  return new DeserializationError(
    "not_a_row",
    `Cannot read ${what} as a row: it is a change of Debezium's MongoDB connector, whose documents are texts. Add ` +
      `the transformation io.debezium.connector.mongodb.transforms.ExtractNewDocumentState to the connector`,
  );
}

/**
 * @throws DeserializationError for a flattened row whose metadata says that it was deleted, under a prefix other than
 * Debezium's `__`: taken for a row it would bring back what was deleted. Told by two columns, because a table may well
 * have one of its own: `<prefix>op` is "d" and `<prefix>deleted` is the text "true"
 */
export function refuseForeignPrefix(what: string, row: Fields): void {
  for (const name in row) {
    if (row[name] !== "d" || !name.endsWith("op")) continue;
    const prefix = name.slice(0, -"op".length);
    if (prefix === "__" || row[`${prefix}deleted`] !== "true") continue;
    throw new DeserializationError(
      "unknown_op",
      `Cannot read ${what} as a change: columns "${name}" and "${prefix}deleted" say that the row was deleted, but ` +
        `metadata of flattened rows begins with "__". Remove add.fields.prefix from the connector`,
    );
  }
}
