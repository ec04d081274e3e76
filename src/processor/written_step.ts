import type { Step } from "../plan/physical.ts";
import type { Value } from "../record/row.ts";
import { literal, propertyName } from "../record/specialised.ts";
import type { Slot } from "../state/slots.ts";
import { columnAdded } from "./column_added.ts";
import { dueOf, timeOf } from "./expire.ts";
import { keyValueOf } from "./key_value.ts";
import { foreignKeyOf } from "./lookup_join.ts";
import { notRow } from "./map_values.ts";
import { failed, type StepOf } from "./operator.ts";
import { FAILED, LEFT_OUT, NULL_KEY, OUT, placeOf, WAITING } from "./outcomes.ts";
import type { ProgramOptions } from "./program.ts";
import { twice } from "./union.ts";

/** What is known of a step's rows when a function is written. */
interface Known {
  /** Of every row, in order; null if they are whatever a callback makes. */
  readonly names: readonly string[] | null;
  /** What it is for every entry. */
  readonly always?: "row" | "absent";
}

/** A function that is being written. */
export interface Writer {
  /** What its text names, besides literals. */
  readonly constants: Record<string, unknown>;
  /** Of the steps so far. */
  readonly known: Known[];
  readonly kinds: readonly number[];
  readonly options: ProgramOptions;
}

/** A step that is being written; its value is `r<index>`. */
interface Place {
  readonly index: number;
  readonly writer: Writer;
  /** Makes a constant of this step; returns how it is called. */
  readonly named: (name: string, value: unknown) => string;
}

/** The text that gives a step its value (a row, null or UNKNOWN), and what is known of it. */
interface Written {
  readonly text: string;
  readonly known: Known;
}

/**
 * Notes what becomes of the row at a step, as a statement: an outcome, or several by their conditions, as
 * `outcome_of.ts` has it. `instead`: of the one that was noted before.
 */
function noted(
  outcome: number | string,
  { index, writer: { options } }: Pick<Place, "index" | "writer">,
  { instead = 0 }: { readonly instead?: number } = {},
): string {
  if (options.outcomes === undefined) return "";
  const { word, shift } = placeOf(index);
  if (typeof outcome === "number") return `o${word} ^= ${(outcome ^ instead) << shift};`;
  return `o${word} ^= (${outcome}) << ${shift};`;
}

/** The key as callbacks see it, made when the first is called. */
const KEY = "key ??= keyValue(keys.keyOf(entry))";

/** The statements of a step. */
export function written(step: Step, writer: Writer): Written {
  const index = writer.known.length;
  const named = (name: string, value: unknown): string => {
    writer.constants[`${name}${index}`] = value;
    return `${name}${index}`;
  };
  const place = { index, writer, named };
  switch (step.kind) {
    case "member":
      return member(step, place);
    case "filter": {
      const kept = `${named("predicate", step.predicate)}(r${step.input}, ${KEY})`;
      const text = guarded(step, { ...place, body: leavingOut(`!${kept}`, place) });
      return { text, known: { names: writer.known[step.input].names } };
    }
    case "map": {
      const error = named("notRow", () => notRow(step.name));
      const body = `r${index} = ${named("mapper", step.mapper)}(r${step.input}, ${KEY});
        if (r${index} === null || typeof r${index} !== "object") throw ${error}();`;
      return { text: guarded(step, { ...place, body }), known: { names: null } };
    }
    case "expire":
      return expire(step, place);
    case "pair":
      return pair(step, place);
    case "union":
      return unionOf(step, place);
    case "lookup":
      return lookup(step, place);
  }
}

function member(step: StepOf<"member">, { index, writer, named }: Place): Written {
  const shape = writer.options.entries.members[step.member].shape(writer.kinds[step.member]);
  if (shape === null) return { text: `const r${index} = null;`, known: { names: [], always: "absent" } };
  const text = `const r${index} = ${named("read", shape.read)}(entry); ${noted(OUT, { index, writer })}`;
  return { text, known: { names: shape.names, always: "row" } };
}

function expire(step: StepOf<"expire">, place: Place): Written {
  const { writer, named } = place;
  const { input, time, durationUs } = step;
  const value = typeof time === "string"
    ? `r${input}[${literal(time)}]`
    : `${named("time", timeOf(time))}(r${input}, ${KEY})`;
  const due = `${named("dueOf", dueOf)}(${value}, ${durationUs})`;
  const body = leavingOut(`!${named("ages", writer.options.ages)}.keeps(${due})`, place);
  return { text: guarded(step, { ...place, body }), known: { names: writer.known[input].names } };
}

/** Makes the row absent if a condition holds. */
function leavingOut(condition: string, place: Place): string {
  return `if (${condition}) { r${place.index} = null; ${noted(LEFT_OUT, place, { instead: OUT })} }`;
}

/**
 * Does `body` if the input is a row; if it is none, or `body` throws, the value is as every operator has it. The row
 * goes out unless `body` notes something else; that of a lookup does so in any case.
 */
function guarded(
  step: StepOf<"filter" | "map" | "expire" | "lookup">,
  { body, ...place }: Place & { readonly body: string },
): string {
  const { index, writer } = place;
  const fail = failing(step, place);
  // A lookup notes what it is at its end.
  const instead = step.kind === "lookup" ? 0 : OUT;
  return `let r${index} = r${step.input};
    if (${isRow(step.input, writer)}) {
      ${instead === 0 ? "" : noted(instead, place)}
      try { ${body} } catch (cause) {
        r${index} = ${fail}({ entry, row: r${step.input}, cause }); ${noted(FAILED, place, { instead })}
      }
    }`;
}

/** What tells that a step failed, and gives its value then. */
function failing({ name }: Step, { writer: { options }, named }: Place): string {
  const context = { keys: options.entries.keys, keyValue: keyValueOf(options.keyColumns), onError: options.onError };
  return named("fail", (thrown: { entry: Slot; row: Value; cause: unknown }) => failed(context, name, thrown));
}

/** Whether the value of a step is a row. */
function isRow(input: number, { known }: Writer): string {
  const { always } = known[input];
  if (always !== undefined) return String(always === "row");
  return `r${input} !== null && r${input} !== UNKNOWN`;
}

function pair(step: StepOf<"pair">, place: Place): Written {
  const { mode, left, right, column, leftColumn } = step;
  const { index } = place;
  const outcome = outcomeOfTwo(step, place);
  const unknown = `const r${index} = r${left} === UNKNOWN || r${right} === UNKNOWN ? UNKNOWN`;
  if (mode === "outer") {
    const names = [leftColumn!, column];
    const row = rowText(names, (name) => `r${name === column ? right : left}`);
    const text = `${unknown} : r${left} === null && r${right} === null ? null : ${row}; ${outcome}`;
    return { text, known: { names } };
  }
  const none = mode === "inner" ? `r${left} === null || r${right} === null` : `r${left} === null`;
  const { text, names } = withColumn({ input: left, column, value: `r${right}` }, place);
  return { text: `${unknown} : ${none} ? null : ${text}; ${outcome}`, known: { names } };
}

/** As `outcome_of.ts` has it. */
function outcomeOfTwo(step: StepOf<"pair" | "union">, place: Place): string {
  const { left, right } = step;
  const both = `r${left} !== null && r${right} !== null`;
  const of = step.kind === "union" ? `${both} ? ${FAILED} : ${OUT}` : `${both} ? ${OUT} : ${LEFT_OUT}`;
  const counts = step.kind === "union" || step.mode === "outer"
    ? `(${isRow(left, place.writer)}) || (${isRow(right, place.writer)})`
    : isRow(left, place.writer);
  const text = noted(`r${left} === UNKNOWN || r${right} === UNKNOWN ? ${WAITING} : ${of}`, place);
  return text === "" ? "" : `if (${counts}) { ${text} }`;
}

function unionOf(step: StepOf<"union">, place: Place): Written {
  const { left, right } = step;
  const { index, writer: { known } } = place;
  const fail = `${failing(step, place)}({ entry, row: r${left}, cause: ${place.named("twice", twice)}() })`;
  const text = `const r${index} = r${left} === UNKNOWN || r${right} === UNKNOWN ? UNKNOWN
    : r${left} === null ? r${right} : r${right} === null ? r${left} : ${fail}; ${outcomeOfTwo(step, place)}`;
  // One side alone, as nearly always, has its columns.
  const alone = known[left].always === "absent" ? known[right] : known[right].always === "absent" ? known[left] : null;
  return { text, known: alone ?? { names: null } };
}

function lookup(step: StepOf<"lookup">, place: Place): Written {
  const { input, foreignKey, column, inner } = step;
  const { index, writer: { options }, named } = place;
  const store = named("store", options.stores[step.lookup]);
  const { text, names } = withColumn({ input, column, value: "right" }, place);
  const none = inner ? "null" : withColumn({ input, column, value: "null" }, place).text;
  let key = "const rightKey = keys.keyOf(entry);";
  if (foreignKey !== null) {
    const keyOfRight = named("keyOfRight", foreignKeyOf(options.lookups[step.lookup].keyColumns));
    // A small integer is its own key, whatever the columns of the right table. "+ 0" makes 0 of -0.
    const small = 'typeof raw === "number" && (raw | 0) === raw';
    key = `const raw = ${named("foreignKey", foreignKey)}(r${input}, ${KEY});
      if (raw === undefined) throw noForeignKey();
      const rightKey = raw === null ? null : ${small} ? raw + 0 : ${keyOfRight}(raw);`;
  }
  const body = `${key}
    if (rightKey === null) {
      ${store}.release(entry);
      r${index} = ${none}; ${noted(NULL_KEY, place)}
    } else {
      const right = ${store}.use(entry, rightKey);
      r${index} = right === UNKNOWN ? UNKNOWN : ${inner ? "right === null ? null : " : ""}${text};
      ${noted(`right === UNKNOWN ? ${WAITING} : right === null ? ${LEFT_OUT} : ${OUT}`, place)}
    }`;
  return {
    text: `${guarded(step, { ...place, body })} else if (r${input} === null) ${store}.release(entry);`,
    known: { names },
  };
}

/** The row of a step with a column more, as an expression, and the names of its columns. */
function withColumn(
  { input, column, value }: { readonly input: number; readonly column: string; readonly value: string },
  { writer, named }: Place,
): { readonly text: string; readonly names: readonly string[] | null } {
  const { names } = writer.known[input];
  if (names === null) return { text: `${named("withColumn", columnAdded(column))}(r${input}, ${value})`, names };
  const all = names.includes(column) ? names : [...names, column];
  return { text: rowText(all, (name) => name === column ? value : `r${input}[${literal(name)}]`), names: all };
}

/** A literal of a row. */
function rowText(names: readonly string[], valueOf: (name: string) => string): string {
  const fields = names.map((name) => `${propertyName(name)}: ${valueOf(name)}`);
  return `({ ${fields.join(", ")} })`;
}
