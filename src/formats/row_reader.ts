import type { z } from "zod";
import { DeserializationError } from "../record/errors.ts";
import type { Row } from "../record/row.ts";
import { literal, specialised } from "../record/specialised.ts";
import {
  coercesNumber,
  type Exactness,
  exactnessOf,
  formsOf,
  isAsked,
  isBinary,
  type Read,
  readerOf,
  timeFormOf,
} from "./column_reader.ts";
import { REFUSED, shown } from "./column_type.ts";
import type { Converts, WireColumn } from "./connect_schema.ts";
import type { Change, Fields } from "./envelope.ts";
import { countUnsafe, isTooDeep, parseExact, parseIntegers, roundsInteger, roundsText, tooDeep } from "./exact_json.ts";
import type { WireFormat } from "./key_form.ts";
import { isRowValue, rowValueAdvice } from "./row_value.ts";

/** Problems named in one message. */
const PROBLEMS_MAX = 5;

/** One column of a row's schema, ready to read. */
export interface ReadyColumn extends WireColumn {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly read: Read;
  /** True for values that JSON.parse may have rounded; null if the column has none. */
  readonly rounded: ((wire: unknown) => boolean) | null;
  /** How such values are read again. */
  readonly exact: Exactness["form"];
  /** zod itself is asked for its values, and may round what was exact. */
  readonly asked: boolean;
  /** The name is also one of Object.prototype's (`constructor`), so only an own property counts. */
  readonly inherited: boolean;
}

/** A row, and the columns that it lacks because the message had only their placeholder. */
export interface ReadRow {
  readonly row: Row;
  readonly unavailable: readonly string[] | null;
}

/**
 * The columns of the schema `row`.
 * @throws TypeError for object-level rules, which a row with unavailable columns could not be held to
 */
export function readyColumns(
  source: string,
  { row: schema, format }: { readonly row: z.ZodObject; readonly format?: WireFormat },
): ReadyColumn[] {
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
    const exactness = exactnessOf(column);
    return {
      name,
      schema: column as z.ZodType,
      read: readerOf(column),
      rounded: exactness?.rounded ?? null,
      exact: exactness?.form ?? "integers",
      asked: isAsked(column),
      time: timeFormOf(column),
      forms: formsOf(column),
      binary: isBinary(column) ? format?.binary ?? "undeclared" : null,
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
  options: {
    readonly columns: readonly ReadyColumn[];
    readonly isUnavailable: (wire: unknown) => boolean;
    /** What to do about a missing column; that of a database's tables if absent. */
    readonly missingAdvice?: string;
  },
): (after: Fields, change: Change, converts: Converts) => ReadRow {
  const { columns, isUnavailable, missingAdvice = MISSING_ADVICE } = options;
  const rowOf = rowMaker(columns);
  const quick = quickReader(columns, { isUnavailable, rowOf });

  return (after, change, converts) => {
    if (converts === null) {
      const row = quick(after);
      if (row !== null) return { row, unavailable: null };
    }
    const values: unknown[] = [];
    let unavailable: string[] | null = null;
    const exact: ExactRows = { numbers: null, integers: null };
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index];
      const { name } = column;
      let wire = column.inherited && !Object.hasOwn(after, name) ? undefined : after[name];
      if (column.rounded !== null && column.rounded(wire) && !isUnavailable(wire)) {
        wire = exactFields(change, { form: column.exact, rows: exact })[name];
      }
      const convert = converts === null ? null : converts[index];
      // Before reading: the placeholders of texts and of integer arrays would read as values.
      const suspect = (typeof wire === "string" || typeof wire === "object") && isUnavailable(wire);
      const value = suspect ? undefined : column.read(convert === null ? wire : convert(wire));
      if (suspect) (unavailable ??= []).push(name);
      else if (value === REFUSED) {
        throw refused(source, { columns, after, change, converts, isUnavailable, missingAdvice });
      }
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

/** The row read again in each form, as far as it was needed. */
interface ExactRows {
  numbers: Fields | null;
  integers: Fields | null;
}

/** The row again, all its numbers or its great integers with all digits. */
function exactFields(
  change: Change,
  { form, rows }: { readonly form: Exactness["form"]; readonly rows: ExactRows },
): Fields {
  const known = rows[form];
  if (known !== null) return known;
  let value = (form === "numbers" ? parseExact : parseIntegers)(change.text) as Fields;
  for (const name of change.path) value = value[name] as Fields;
  return rows[form] = value;
}

interface RefusedRow {
  readonly columns: readonly ReadyColumn[];
  readonly after: Fields;
  readonly change: Change;
  readonly converts: Converts;
  readonly isUnavailable: (wire: unknown) => boolean;
  readonly missingAdvice: string;
}

/** Reads the row once more, this time with zod, for its messages. */
function refused(
  source: string,
  { columns, after, change, converts, isUnavailable, missingAdvice }: RefusedRow,
): DeserializationError {
  const problems: (Problem & { readonly column: string })[] = [];
  const exact: ExactRows = { numbers: null, integers: null };
  for (const [index, column] of columns.entries()) {
    const missing = !Object.hasOwn(after, column.name);
    let wire = missing ? undefined : after[column.name];
    if (isUnavailable(wire)) continue;
    if (isTooDeep(wire)) return tooDeep();
    const again = column.rounded !== null && column.rounded(wire);
    const form = again ? column.exact : "integers";
    // A z.int() refuses the rounded number, too, but its message must not show it.
    if (again || (column.time === null && countUnsafe(wire).numbers > 0)) {
      wire = exactFields(change, { form, rows: exact })[column.name];
    }
    const convert = converts?.[index] ?? null;
    const problem = problemOf(column, convert === null ? wire : convert(wire));
    if (problem !== null) problems.push({ ...missing ? missingColumn(problem) : problem, column: column.name });
  }
  const more = problems.length > PROBLEMS_MAX ? `; and ${problems.length - PROBLEMS_MAX} more` : "";
  const told = problems.slice(0, PROBLEMS_MAX);
  const said = `Cannot read a record of "${source}" as a row`;
  return new DeserializationError(
    problems[0]?.reason ?? "wrong_type",
    `${said}: ${told.map(({ path, text }) => `${path}: ${text}`).join("; ")}${more}` +
      (problems.some(({ reason }) => reason === MISSING) ? `. ${missingAdvice}` : ""),
    { problems: { said, columns: told } },
  );
}

const MISSING = "missing_column";
const MISSING_ADVICE = "Generated columns are not replicated (PostgreSQL before 18): take such a one out of the row " +
  "and compute it in mapValues(). Of others look at column.exclude.list and at the name in the database; .optional() " +
  "takes records from before the column was added";

interface Problem {
  readonly path: string;
  readonly text: string;
  readonly reason: string;
}

function missingColumn({ path }: Problem): Problem {
  return { path, text: "the column is missing", reason: MISSING };
}

/** What is wrong with a column's value; null if nothing is. */
export function problemOf(
  { name, schema, asked }: Pick<ReadyColumn, "name" | "schema" | "asked">,
  wire: unknown,
): Problem | null {
  const { issue, value } = verdictOf(schema, wire);
  const path = [name, ...issue?.path ?? []].join(".");
  if (issue?.code === "custom") return { path, text: issue.message, reason: issueReason(issue) };
  if (issue === null && !asked) return null;
  const current = `current value is ${shown(wire)}`;
  if (countUnsafe(wire).bigints > 0 && (issue !== null || roundsInteger(wire, value))) {
    const text = `${issue?.message ?? "the schema rounds it"}: ${current}. Declare integers beyond 2^53 as int8()`;
    return { path, text, reason: "overflow" };
  }
  if (issue === null && coercesNumber(schema) && roundsText(wire, value)) {
    const advice = "Declare it as int8() or numeric(), or as z.string() and round it in a mapValues()";
    return { path, text: `the schema rounds it: ${current}. ${advice}`, reason: "overflow" };
  }
  if (issue !== null) {
    return { path, text: `${issue.message}: ${current}${adviceOn(issue, wire)}`, reason: "wrong_type" };
  }
  return isRowValue(value) ? null : { path, text: `${current}, ${rowValueAdvice(value)}`, reason: "not_a_row_value" };
}

/** What to declare instead of a schema that takes no value from JSON; empty if nothing is known. */
function adviceOn(issue: z.core.$ZodIssue, wire: unknown): string {
  if (issue.code !== "invalid_type") return "";
  if (issue.expected === "bigint") return ". Declare the column as int8()";
  if (issue.expected === "boolean" && (wire === 0 || wire === 1)) {
    return ". Declare MySQL's tinyint(1) as z.int()";
  }
  return issue.expected === "date" ? ". Declare the column as timestamptz(), timestamp() or date()" : "";
}

/** What zod makes of `wire`, or its first objection. A callback in the schema that throws is one too. */
function verdictOf(schema: z.ZodType, wire: unknown): { issue: z.core.$ZodIssue | null; value: unknown } {
  try {
    const result = schema.safeParse(wire);
    return { issue: result.error?.issues[0] ?? null, value: result.data };
  } catch (error) {
    const issue: z.core.$ZodIssue = {
      code: "custom",
      path: [],
      message: `the schema threw: ${error}`,
      input: wire,
      params: { reason: "schema_threw" },
    };
    return { issue, value: undefined };
  }
}

function issueReason(issue: z.core.$ZodIssue): string {
  const reason = issue.code === "custom" ? issue.params?.reason : undefined;
  return typeof reason === "string" ? reason : "wrong_type";
}
