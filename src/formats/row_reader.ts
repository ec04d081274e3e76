import type { z } from "zod";
import { DeserializationError } from "../record/errors.ts";
import type { Row } from "../record/row.ts";
import { literal, specialised } from "../record/specialised.ts";
import { type Read, readerOf, roundedTest } from "./column_reader.ts";
import { REFUSED, shown } from "./column_type.ts";
import type { Convert } from "./connect_schema.ts";
import type { Change, Fields } from "./envelope.ts";
import { isTooDeep, parseExact, tooDeep } from "./exact_json.ts";

/** Problems named in one message. */
const PROBLEMS_MAX = 5;

/** One column of a row's schema, ready to read. */
export interface ReadyColumn {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly read: Read;
  /** True for values that JSON.parse may have rounded; null if the type has none. */
  readonly rounded: ((wire: unknown) => boolean) | null;
  /** The name is also one of Object.prototype's (`constructor`), so only an own property counts. */
  readonly inherited: boolean;
}

/** A row, and the columns that it lacks because the message had only their placeholder. */
export interface ReadRow {
  readonly row: Row;
  readonly unavailable: readonly string[] | null;
}

/** What is done to each column's values first, in the order of the columns; null if there is no Connect schema. */
export type Converts = readonly (Convert | null)[];

/**
 * The columns of `schema`.
 * @throws TypeError for object-level rules, which a row with unavailable columns could not be held to
 */
export function readyColumns(source: string, schema: z.ZodObject): ReadyColumn[] {
  const { checks, catchall } = schema._zod.def;
  if ((checks?.length ?? 0) > 0 || catchall !== undefined) {
    throw new TypeError(
      `Cannot use the row schema of "${source}": it has rules for the whole object ` +
        `(refine, strict, loose, catchall). Use a plain z.object(...); unknown columns are ignored and counted`,
    );
  }
  return Object.entries(schema.shape).map(([name, column]) => {
    if (name === "__proto__") {
      throw new TypeError(`Cannot use "__proto__" as a column of "${source}": rename it at the source`);
    }
    return {
      name,
      schema: column as z.ZodType,
      read: readerOf(column),
      rounded: roundedTest(column),
      inherited: name in Object.prototype,
    };
  });
}

/**
 * Makes the reader of rows: every column read from `after`, others left out; an unavailable column is undefined. All
 * rows have the same columns in the schema's order, whatever the order on the wire, so that the engine gives them one
 * hidden class.
 *
 * @throws DeserializationError with the reason of the first refused column and the problems of all of them
 */
export function rowReader(
  source: string,
  options: { readonly columns: readonly ReadyColumn[]; readonly isUnavailable: (wire: unknown) => boolean },
): (after: Fields, change: Change, converts: Converts | null) => ReadRow {
  const { columns, isUnavailable } = options;
  const rowOf = rowMaker(columns);
  const quick = quickReader(columns, { isUnavailable, rowOf });

  return (after, change, converts) => {
    if (converts === null) {
      const row = quick(after);
      if (row !== null) return { row, unavailable: null };
    }
    const values: unknown[] = [];
    let unavailable: string[] | null = null;
    let exact: Fields | null = null;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index];
      const { name } = column;
      let wire = column.inherited && !Object.hasOwn(after, name) ? undefined : after[name];
      if (column.rounded !== null && column.rounded(wire) && !isUnavailable(wire)) {
        exact ??= exactFields(change);
        wire = exact[name];
      }
      const convert = converts === null ? null : converts[index];
      // Before reading: the placeholders of texts and of integer arrays would read as values.
      const suspect = (typeof wire === "string" || typeof wire === "object") && isUnavailable(wire);
      const value = suspect ? undefined : column.read(convert === null ? wire : convert(wire));
      if (suspect) (unavailable ??= []).push(name);
      else if (value === REFUSED) throw refused(source, { columns, after, change, converts, isUnavailable });
      values.push(value);
    }
    return { row: rowOf(...values), unavailable };
  };
}

/**
 * Rows of the columns' values in order: made in one place, so that all have one hidden class. Compiled: columns added
 * to `{}` one by one take 5 times as long (`deno run --allow-read tests/bench/compiled.ts`).
 */
export function rowMaker(columns: readonly ReadyColumn[]): (...values: unknown[]) => Row {
  const parameters = columns.map((_, index) => `value${index}`);
  const fields = columns.map(({ name }, index) => `${literal(name)}: value${index}`);
  return specialised({}, parameters, `return { ${fields.join(", ")} };`);
}

/**
 * The reader of rows that have nothing special; null for a row that has: it is read with care then. Compiled: one loop
 * over the columns takes 2.0 times as long, reading every row with care 1.8 times
 * (`deno run --allow-read tests/bench/compiled.ts`).
 */
function quickReader(
  columns: readonly ReadyColumn[],
  options: { readonly isUnavailable: (wire: unknown) => boolean; readonly rowOf: (...values: unknown[]) => Row },
): (after: Fields) => Row | null {
  const constants: Record<string, unknown> = { ...options, REFUSED, hasOwn: Object.hasOwn };
  const lines = columns.map(({ name, read, rounded, inherited }, index) => {
    constants[`read${index}`] = read;
    constants[`rounded${index}`] = rounded;
    return `
      const wire${index} = ${inherited ? `!hasOwn(after, ${literal(name)}) ? undefined : ` : ""}after[${literal(name)}];
      ${rounded === null ? "" : `if (rounded${index}(wire${index})) return null;`}
      if (
        (typeof wire${index} === "string" || typeof wire${index} === "object") && isUnavailable(wire${index})
      ) return null;
      const value${index} = read${index}(wire${index});
      if (value${index} === REFUSED) return null;`;
  });
  const values = columns.map((_, index) => `value${index}`);
  return specialised(constants, ["after"], `${lines.join("")} return rowOf(${values.join(", ")});`);
}

/** The row again, its numbers with all digits. */
function exactFields(change: Change): Fields {
  let value = parseExact(change.text) as Fields;
  for (const name of change.path) value = value[name] as Fields;
  return value;
}

interface RefusedRow {
  readonly columns: readonly ReadyColumn[];
  readonly after: Fields;
  readonly change: Change;
  readonly converts: Converts | null;
  readonly isUnavailable: (wire: unknown) => boolean;
}

/** Reads the row once more, this time with zod, for its messages. */
function refused(
  source: string,
  { columns, after, change, converts, isUnavailable }: RefusedRow,
): DeserializationError {
  const problems: string[] = [];
  let reason = "wrong_type";
  for (const [index, column] of columns.entries()) {
    const missing = !Object.hasOwn(after, column.name);
    let wire = missing ? undefined : after[column.name];
    if (isUnavailable(wire)) continue;
    if (isTooDeep(wire)) return tooDeep();
    if (column.rounded?.(wire)) wire = exactFields(change)[column.name];
    wire = converts?.[index]?.(wire) ?? wire;
    const issue = firstIssue(column.schema, wire);
    if (issue === undefined) continue;
    const path = [column.name, ...issue.path].join(".");
    const message = issue.code === "custom" ? issue.message : `${issue.message}: current value is ${shown(wire)}`;
    if (problems.push(`${path}: ${missing ? "the column is missing" : message}`) > 1) continue;
    reason = missing ? "missing_column" : issueReason(issue);
  }
  const more = problems.length > PROBLEMS_MAX ? `; and ${problems.length - PROBLEMS_MAX} more` : "";
  return new DeserializationError(
    reason,
    `Cannot read a record of "${source}" as a row: ${problems.slice(0, PROBLEMS_MAX).join("; ")}${more}`,
  );
}

/** zod's first objection to `wire`. A callback in the schema that throws is one too. */
function firstIssue(schema: z.ZodType, wire: unknown): z.core.$ZodIssue | undefined {
  try {
    return schema.safeParse(wire).error?.issues[0];
  } catch (error) {
    return {
      code: "custom",
      path: [],
      message: `the schema threw: ${error}`,
      input: wire,
      params: { reason: "schema_threw" },
    };
  }
}

function issueReason(issue: z.core.$ZodIssue): string {
  const reason = issue.code === "custom" ? issue.params?.reason : undefined;
  return typeof reason === "string" ? reason : "wrong_type";
}
