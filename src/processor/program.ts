import { type Key, keyOf, keyOfOne, keyText } from "../record/key.ts";
import { ProcessorError } from "../record/errors.ts";
import { type Row, UNKNOWN, type Value } from "../record/row.ts";
import type { LookupPlan, Step } from "../plan/physical.ts";
import type { Entry } from "../state/entry.ts";
import type { RightStore } from "../state/right_store.ts";
import { literal, specialised } from "../record/specialised.ts";
import { keyValueOf } from "./key_value.ts";

/** What a program needs to know of the table it runs for. */
export interface ProgramOptions {
  readonly steps: readonly Step[];
  readonly lookups: readonly LookupPlan[];
  readonly stores: readonly RightStore[];
  /** How many members' rows an entry holds. */
  readonly members: number;
  /** Columns of the row key; a function for group columns, which are known when the first row comes. */
  readonly keyColumns: readonly string[] | (() => readonly string[]);
  /** Registers that are read after a run. */
  readonly outputs: ReadonlySet<number>;
  /** A callback threw. The row counts as absent from that operator on. */
  readonly onError: (error: ProcessorError) => void;
}

/** A table's program: one pass over all operators for one entry. */
export interface Program {
  /** Evaluates the entry. The returned registers are overwritten by the next run. Links to right rows are brought up to date. */
  run(entry: Entry): readonly Value[];
}

/** Makes the function that evaluates one row: joins, filters and mappings in one go, synchronously. */
export function createProgram(options: ProgramOptions): Program {
  const { steps, stores, members } = options;
  const registers: Value[] = steps.map(() => null);
  const operators = steps.map((_, index) => operatorOf(index, options));
  const single = members === 1;

  return {
    run(entry) {
      for (let index = 0; index < steps.length; index++) {
        const step = steps[index];
        switch (step.kind) {
          case "member":
            registers[index] = single
              ? entry.row as Row | null
              : entry.row === null
              ? null
              : (entry.row as readonly Row[])[step.member];
            break;
          case "lookup": {
            const left = registers[step.input];
            if (left === UNKNOWN) registers[index] = UNKNOWN;
            else if (left === null) {
              stores[step.lookup].release(entry);
              registers[index] = null;
            } else registers[index] = operators[index](left, entry);
            break;
          }
          case "pair":
            registers[index] = pair(step, registers[step.left], registers[step.right]);
            break;
          default: {
            const input = registers[step.input];
            registers[index] = input === UNKNOWN || input === null ? input : operators[index](input, entry);
          }
        }
      }
      return registers;
    },
  };
}

type Operator = (value: Row, entry: Entry) => Value;

const none: Operator = () => null;

function operatorOf(index: number, options: ProgramOptions): Operator {
  const step = options.steps[index];
  const keyValue = keyValueOf(options.keyColumns);
  const failed = (entry: Entry, cause: unknown): null => {
    options.onError(new ProcessorError(step.name, keyText(entry.key), cause));
    return null;
  };
  switch (step.kind) {
    case "filter": {
      const { predicate } = step;
      return (value, entry) => {
        try {
          return predicate(value, keyValue(entry.key)) ? value : null;
        } catch (cause) {
          return failed(entry, cause);
        }
      };
    }
    case "map": {
      const { mapper, name } = step;
      return (value, entry) => {
        try {
          const row = mapper(value, keyValue(entry.key));
          if (row === null || typeof row !== "object") {
            throw new TypeError(`mapValues of "${name}" must return an object`);
          }
          return row;
        } catch (cause) {
          return failed(entry, cause);
        }
      };
    }
    case "lookup": {
      const { foreignKey, column, inner } = step;
      const store = options.stores[step.lookup];
      const keyOfRight = foreignKeyOf(options.lookups[step.lookup].keyColumns);
      const withColumn = isOwnCopy(step.input, options) ? columnPut(column) : columnAdded(column);
      return (left, entry) => {
        try {
          const raw = foreignKey === null ? undefined : foreignKey(left, keyValue(entry.key));
          const key = foreignKey === null ? entry.key : raw === null || raw === undefined ? null : keyOfRight(raw);
          if (key === null) {
            store.release(entry);
            return inner ? null : withColumn(left, null);
          }
          const right = store.use(entry, key);
          if (right === UNKNOWN) return UNKNOWN;
          return right === null && inner ? null : withColumn(left, right);
        } catch (cause) {
          return failed(entry, cause);
        }
      };
    }
    default:
      return none;
  }
}

/** The row with a column more. */
type WithColumn = (row: Row, value: Row | null) => Row;

/** In a new row. */
function columnAdded(column: string): WithColumn {
  // As a plain name it would be the prototype.
  const name = column === "__proto__" ? `["__proto__"]` : literal(column);
  return specialised({}, ["row", "value"], `return { ...row, ${name}: value };`);
}

/** In the row itself. */
function columnPut(column: string): WithColumn {
  if (column === "__proto__") return columnAdded(column);
  return specialised({}, ["row", "value"], `row[${literal(column)}] = value; return row;`);
}

/**
 * Whether the row in this register was made by the join before, and nobody but the join after it sees it: then that one need not copy
 * it again. In a chain of joins only the first copies.
 */
function isOwnCopy(register: number, { steps, outputs }: ProgramOptions): boolean {
  if (steps[register].kind !== "lookup" || outputs.has(register)) return false;
  const readers = steps.filter((step) =>
    step.kind === "pair"
      ? step.left === register || step.right === register
      : step.kind !== "member" && step.input === register
  );
  return readers.length === 1;
}

function pair(step: Step & { kind: "pair" }, left: Value, right: Value): Value {
  if (left === UNKNOWN || right === UNKNOWN) return UNKNOWN;
  if (step.mode === "outer") {
    return left === null && right === null ? null : { [step.leftColumn!]: left, [step.column]: right };
  }
  if (left === null || (right === null && step.mode === "inner")) return null;
  return { ...left, [step.column]: right };
}

/** From what a foreign-key callback returned to the right table's key. */
function foreignKeyOf(columns: readonly string[] | null): (raw: unknown) => Key {
  if (columns !== null && columns.length === 1) {
    return (raw) =>
      raw !== null && typeof raw === "object" && !("toJSON" in raw) ? keyOf([(raw as Row)[columns[0]]]) : keyOfOne(raw);
  }
  return (raw) => {
    if (typeof raw !== "object" || raw === null || "toJSON" in raw) return keyOfOne(raw);
    const names = columns ?? Object.keys(raw).sort();
    return keyOf(names.map((name) => (raw as Row)[name]));
  };
}
