import type { Step } from "../plan/physical.ts";
import { UNKNOWN, type Value } from "../record/row.ts";
import { literal, specialised } from "../record/specialised.ts";
import { NO_ROW } from "../state/packed_rows.ts";
import type { Slot } from "../state/slots.ts";
import { columnAdded } from "./column_added.ts";
import { dueOf, timeOf } from "./expire.ts";
import { keyValueOf } from "./key_value.ts";
import { foreignKeyOf, noForeignKey } from "./lookup_join.ts";
import { notRow } from "./map_values.ts";
import { failed, type StepOf } from "./operator.ts";
import { twice } from "./union.ts";
import { plainProgram, type Program, type ProgramOptions } from "./program.ts";

/** Functions of one program at most. */
const VARIANTS_MAX = 8;
/** Kinds of a member's row. */
const KINDS = 256;
/** Members whose kinds one number can tell. */
const MEMBERS_MAX = 6;

type Run = (entry: Slot) => readonly Value[];

/** What is known of a step's rows when a function is written. */
interface Known {
  /** Of every row, in order; null if they are whatever a callback makes. */
  readonly names: readonly string[] | null;
  /** What it is for every entry. */
  readonly always?: "row" | "absent";
}

/**
 * The program as one function for entries whose members have rows of the same shapes (or none, as the case may be): all
 * steps written out, each row with all its columns in one literal. Entries of other kinds, and the first ones of each
 * kind, are evaluated by {@link plainProgram}, which says what it does.
 *
 * Registers that are no output are left as they are. `afterRows`: how many of a kind are the first.
 */
export function compiledProgram(options: ProgramOptions, { afterRows }: { readonly afterRows: number }): Program {
  const plain = plainProgram(options);
  const { members } = options.entries;
  if (members.length > MEMBERS_MAX) return plain;
  const registers: Value[] = options.steps.map(() => null);
  /** By kind: a function, or how often it was missed. */
  const variants = new Map<number, Run | number>();
  let compiled = 0;
  const first = (entry: Slot, kind: number): readonly Value[] => {
    const runs = (variants.get(kind) ?? 0) as number;
    if (compiled >= VARIANTS_MAX || runs < 0) return plain.run(entry);
    if (runs < afterRows) {
      if (variants.size < KINDS) variants.set(kind, runs + 1);
      return plain.run(entry);
    }
    const run = compile(members.map((rows) => rows.kind(entry)), { options, registers });
    variants.set(kind, run ?? -1);
    if (run === null) return plain.run(entry);
    compiled++;
    return run(entry);
  };
  if (members.length === 1) {
    const [rows] = members;
    let lastKind = -1;
    let last: Run = plain.run;
    return {
      run(entry) {
        const kind = rows.kind(entry);
        if (kind === lastKind) return last(entry);
        const run = variants.get(kind);
        if (typeof run !== "function") return first(entry, kind);
        lastKind = kind;
        return (last = run)(entry);
      },
    };
  }
  return {
    run(entry) {
      let kind = 0;
      for (let member = 0; member < members.length; member++) kind = kind * KINDS + members[member].kind(entry);
      const run = variants.get(kind);
      return typeof run === "function" ? run(entry) : first(entry, kind);
    },
  };
}

/** The function for entries whose members' rows are of these kinds; null if it would not pay. */
function compile(
  kinds: readonly number[],
  { options, registers }: { readonly options: ProgramOptions; readonly registers: Value[] },
): Run | null {
  const { steps, entries, outputs } = options;
  if (kinds.every((kind) => kind === NO_ROW)) return null;
  if (kinds.some((kind, member) => kind !== NO_ROW && entries.members[member].shape(kind) === null)) return null;
  const writer: Writer = {
    constants: { registers, UNKNOWN, keys: entries.keys, keyValue: keyValueOf(options.keyColumns), noForeignKey },
    known: [],
    kinds,
    options,
  };
  const lines = ["let key;"];
  for (const step of steps) {
    const { text, known } = written(step, writer);
    lines.push(text);
    writer.known.push(known);
  }
  for (const output of outputs) lines.push(`registers[${output}] = r${output};`);
  return specialised(writer.constants, ["entry"], [...lines, "return registers"].join("\n"));
}

/** A function that is being written. */
interface Writer {
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

/** The key as callbacks see it, made when the first is called. */
const KEY = "key ??= keyValue(keys.keyOf(entry))";

function written(step: Step, writer: Writer): Written {
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
      const text = guarded(step, { ...place, body: `if (!${kept}) r${index} = null;` });
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
  const text = `const r${index} = ${named("read", shape.read)}(entry);`;
  return { text, known: { names: shape.names, always: "row" } };
}

function expire(step: StepOf<"expire">, place: Place): Written {
  const { index, writer, named } = place;
  const { input, time, durationUs } = step;
  const value = typeof time === "string"
    ? `r${input}[${literal(time)}]`
    : `${named("time", timeOf(time))}(r${input}, ${KEY})`;
  const due = `${named("dueOf", dueOf)}(${value}, ${durationUs})`;
  const body = `if (!${named("ages", writer.options.ages)}.keeps(${due})) r${index} = null;`;
  return { text: guarded(step, { ...place, body }), known: { names: writer.known[input].names } };
}

/** Does `body` if the input is a row; if it is none, or `body` throws, the value is as every operator has it. */
function guarded(
  step: StepOf<"filter" | "map" | "expire" | "lookup">,
  { body, ...place }: Place & { readonly body: string },
): string {
  const { index, writer } = place;
  const fail = failing(step, place);
  return `let r${index} = r${step.input};
    if (${isRow(step.input, writer)}) {
      try { ${body} } catch (cause) { r${index} = ${fail}({ entry, row: r${step.input}, cause }); }
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
  const unknown = `const r${index} = r${left} === UNKNOWN || r${right} === UNKNOWN ? UNKNOWN`;
  if (mode === "outer") {
    const names = [leftColumn!, column];
    const row = rowText(names, (name) => `r${name === column ? right : left}`);
    return { text: `${unknown} : r${left} === null && r${right} === null ? null : ${row};`, known: { names } };
  }
  const none = mode === "inner" ? `r${left} === null || r${right} === null` : `r${left} === null`;
  const { text, names } = withColumn({ input: left, column, value: `r${right}` }, place);
  return { text: `${unknown} : ${none} ? null : ${text};`, known: { names } };
}

function unionOf(step: StepOf<"union">, place: Place): Written {
  const { left, right } = step;
  const { index, writer: { known } } = place;
  const fail = `${failing(step, place)}({ entry, row: r${left}, cause: ${place.named("twice", twice)}() })`;
  const text = `const r${index} = r${left} === UNKNOWN || r${right} === UNKNOWN ? UNKNOWN
    : r${left} === null ? r${right} : r${right} === null ? r${left} : ${fail};`;
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
      r${index} = ${none};
    } else {
      const right = ${store}.use(entry, rightKey);
      r${index} = right === UNKNOWN ? UNKNOWN : ${inner ? "right === null ? null : " : ""}${text};
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
  // A literal's `__proto__:` sets the prototype; computed, it is a property as any other.
  const fields = names.map((name) =>
    `${name === "__proto__" ? `[${literal(name)}]` : literal(name)}: ${valueOf(name)}`
  );
  return `({ ${fields.join(", ")} })`;
}
