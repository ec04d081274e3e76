import { clickhouse, Decimal, type Topology, topology, type TopologyBuilder, TopologyError } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { STEP_MINUTES } from "./history.ts";
import { ADDED_TOTALS, type GroupTotals, MERGED_TOTALS } from "./group_totals.ts";
import {
  divided,
  type Division,
  numberOfKey,
  ownShapeOf,
  rekeyed,
  type Rekeying,
  type Shape,
  united,
} from "./own_keys.ts";
import { tellChanges } from "./told_changes.ts";
import { GLOBALS, PARTITIONS, type Plain, SOURCES } from "./plain_tables.ts";

/** Rows are grouped by this column modulo 7, and by their tag; rows without the column's value are in no group. */
export interface Group {
  readonly column: "num" | "fk1" | "fk2";
  readonly tagged: boolean;
  /** Also totals that no view can make of shares. */
  readonly merged?: boolean;
}

/**
 * What becomes of some rows of a mapping: its callback throws; a column is no number any more, which no sink, no total
 * and no other task takes; a column is too large for its sink.
 */
export type Spoilt = "throws" | "NaN" | "too large";

/** An operator, and the name of the table that it makes. Inputs are names of sources or of steps before. */
export type Step =
  & { readonly name: string; readonly input: string }
  & (
    | { readonly op: "filter" | "filterNot"; readonly by: "num" | "key"; readonly rest: number }
    /** Rows go `minutes` after a time that their number gives, or that it is, in microseconds. */
    | { readonly op: "expire"; readonly by: "num" | "column"; readonly minutes: number }
    | { readonly op: "spoil"; readonly how: Spoilt; readonly rest: number }
    | {
      readonly op: "foreignKeyJoin";
      readonly kind: "join" | "leftJoin";
      readonly right: string;
      readonly column: "fk1" | "fk2";
    }
    /** `apart`: of keys that are even on one side, odd on the other. */
    | { readonly op: "union"; readonly right: string; readonly apart: boolean }
    | { readonly op: "keyJoin"; readonly kind: "join" | "leftJoin" | "outerJoin"; readonly right: string }
    | { readonly op: "aggregate" | "reduce"; readonly group: Group }
    | Rekeying
    | Division
  );

/** A sink: rows of a table, or the totals of its groups. `columns`: those beside the key's. */
export interface Output {
  readonly sink: string;
  readonly input: string;
  readonly totals?: Group;
  readonly columns: readonly string[];
  /** Its changes are events, too. */
  readonly changes?: boolean;
}

/** A topology over the plain tables as a value, of which parts can be taken away. */
export interface Plan {
  readonly sources: readonly string[];
  readonly steps: readonly Step[];
  readonly sinks: readonly Output[];
}

// The types of a random topology are not known to the compiler; every row has the columns of Plain.
// deno-lint-ignore no-explicit-any
type Untyped = any;

interface Table {
  readonly shape: Shape;
  readonly global: boolean;
  /** The handle, a KTable or GlobalKTable. */
  readonly handle: Untyped;
}

const KEYS = { id: "Int64", n: "Int64", tag: "String", part: "Int64" };

/** The key columns of a table, with their types in a sink. */
function keyOf(shape: Shape): Readonly<Record<string, string>> {
  return Object.fromEntries(shape.split(",").map((column) => [column, KEYS[column as keyof typeof KEYS]]));
}

/** Columns of a sink that shows rows. */
export const COLUMNS = {
  num: "Int64",
  dec: "Decimal(18, 2)",
  tag: "String",
  fk1: "Nullable(Int64)",
  fk2: "Nullable(Int64)",
};

/** @throws TopologyError if there can be no such topology */
export function build({ sources, steps, sinks }: Plan): Topology {
  const random = topology("random", (builder) => {
    const tables = new Map<string, Table>();
    for (const name of sources) tables.set(name, sourceTable(builder, name));
    const table = (name: string) => tables.get(name) ?? refuse(`there is no table "${name}"`);
    for (const step of steps) tables.set(step.name, grown(step, table));
    for (const sink of sinks) {
      write(sink, table(sink.input));
      if (sink.changes) tellChanges(builder, table(sink.input).handle, sink);
    }
  });
  compile(random, (topic) => PARTITIONS[topic.split(".")[2] as keyof typeof PARTITIONS]);
  return random;
}

/** What is made of the group's rows. */
export function totalsOf({ merged }: Group): GroupTotals {
  return merged ? MERGED_TOTALS : ADDED_TOTALS;
}

/** What the group's totals are keyed by. */
export function shapeOf({ tagged }: Group): Shape {
  return tagged ? "n,tag" : "n";
}

function refuse(problem: string): never {
  throw new TopologyError("random", [problem]);
}

function sourceTable(builder: TopologyBuilder, name: string): Table {
  const source = SOURCES.get(name) ?? refuse(`there is no source "${name}"`);
  const global = GLOBALS.includes(name);
  return { shape: "id", global, handle: global ? builder.globalTable(source) : builder.table(source) };
}

function grown(step: Step, table: (name: string) => Table): Table {
  const input = table(step.input);
  switch (step.op) {
    case "filter":
    case "filterNot": {
      const { op, by, rest } = step;
      const numberOf = (row: Plain, key: Untyped) => by === "num" ? row.num : numberOfKey(key);
      return {
        ...input,
        handle: input.handle[op]((row: Plain, key: unknown) =>
          (Math.abs(numberOf(row, key)) % 3 === rest) === (op === "filterNot")
        ),
      };
    }
    case "expire":
      if (input.global) refuse(`rows of global table "${step.input}" cannot expire`);
      return { ...input, handle: expired(step, input.handle) };
    case "spoil": {
      const { how, rest } = step;
      return {
        ...input,
        handle: input.handle.mapValues((row: Plain) => Math.abs(row.num) % 4 === rest ? spoilt(row, how) : row),
      };
    }
    case "foreignKeyJoin": {
      const { name, kind, column } = step;
      const right = table(step.right);
      if (input.global && !right.global) refuse(`global table "${step.input}" cannot join "${step.right}"`);
      const [first, second] = right.shape.split(",");
      const foreignKey = second === undefined
        ? (row: Plain) => row[column]
        : (row: Plain) =>
          row[column] === null
            ? null
            : { [second]: second === "tag" ? row.tag : Math.abs(row.num) % 2, [first]: row[column] };
      const joined = input.handle[kind](name, right.handle, foreignKey);
      return { ...input, handle: joined.mapValues((row: Untyped) => blended(row, row[name])) };
    }
    case "union":
    case "keyJoin": {
      const right = table(step.right);
      if (input.global || right.global || input.shape !== right.shape) {
        refuse(`"${step.input}" and "${step.right}" do not have the same key`);
      }
      const both = { left: input.handle, right: right.handle };
      return { ...input, handle: step.op === "union" ? united(step, both) : keyJoined(step, both.left, both.right) };
    }
    case "aggregate":
    case "reduce":
      return step.op === "reduce" ? reduced(input, step) : aggregated(step.name, input, step.group);
    case "selectKey":
    case "flatMapValues": {
      const shape = ownShapeOf(step, input.shape);
      if (input.global || shape === null) refuse(`rows of "${step.input}" cannot have other keys`);
      const handle = step.op === "selectKey" ? rekeyed(step, input.handle) : divided(step, input.handle);
      return { shape, global: false, handle };
    }
  }
}

/**
 * When every driver's clock begins, in minutes since the epoch, and a little more: what is due is due between two times
 * at which a history looks.
 */
const START_MINUTES = Date.UTC(2026, 0, 1) / 60_000 + STEP_MINUTES / 2;
const MINUTE_US = 60_000_000;

function expired({ by, minutes }: Step & { op: "expire" }, input: Untyped): Untyped {
  // Numbers are small: as microseconds they are in the first seconds of 1970.
  if (by === "column") return input.expireAfter("num", { minutes: START_MINUTES + minutes });
  const timeOf = ({ num }: Plain) =>
    num % 5 === 4 ? null : (START_MINUTES + Math.abs(num) % 4 * STEP_MINUTES) * MINUTE_US;
  return input.expireAfter(timeOf, { minutes });
}

function spoilt(row: Plain, how: Spoilt): Untyped {
  switch (how) {
    case "throws":
      throw new RangeError(`no ${row.num}`);
    case "NaN":
      return { ...row, dec: NaN };
    case "too large":
      return { ...row, dec: Decimal.of(10n ** 20n, 2) };
  }
}

function keyJoined({ name, kind }: Step & { op: "keyJoin" }, left: Untyped, right: Untyped): Untyped {
  if (kind !== "outerJoin") {
    return left[kind](name, right).mapValues((row: Untyped) => blended(row, row[name]));
  }
  const joined = left.outerJoin({ left: `${name}_left`, right: name }, right);
  return joined.mapValues((row: Untyped) =>
    row[`${name}_left`] === null ? row[name] : blended(row[`${name}_left`], row[name])
  );
}

function groupBy({ column, tagged }: Group): (row: Plain) => Readonly<Record<string, unknown>> | null {
  return (row) => {
    const value = row[column];
    if (value === null) return null;
    const n = Math.abs(value) % 7;
    return tagged ? { tag: row.tag, n } : { n };
  };
}

function aggregated(name: string, input: Table, group: Group): Table {
  const totals = input.handle.groupBy(groupBy(group)).aggregate(name, totalsOf(group).aggregates);
  const handle = totals.mapValues((row: Untyped) => ({
    n: row.n,
    tag: group.tagged ? row.tag : group.merged ? row.least : row.tag_max,
    num: (group.merged ? row.num_sum + row.most + row.top.length : row.num_sum) % 1_000,
    dec: row.dec_sum,
    fk1: group.merged ? row.first : row.rows,
    fk2: row.num_min === null ? null : row.n,
  }));
  return { shape: shapeOf(group), global: false, handle };
}

function reduced(input: Table, { name, group }: { readonly name: string; readonly group: Group }): Table {
  const columnsOf = groupBy(group);
  const handle = input.handle.mapValues((row: Plain) => ({ n: null, ...columnsOf(row), num: row.num, dec: row.dec }))
    .groupBy((row: Untyped) => row.n === null ? null : group.tagged ? { n: row.n, tag: row.tag } : { n: row.n })
    .reduce(name, {
      adder: (a: Untyped, b: Untyped) => ({ ...a, num: a.num + b.num, dec: a.dec.plus(b.dec) }),
      subtractor: (state: Untyped, row: Untyped) => ({
        ...state,
        num: state.num - row.num,
        dec: state.dec.minus(row.dec),
      }),
    })
    .mapValues((row: Untyped) => ({ tag: "reduced", ...row, num: row.num % 1_000, fk1: row.n, fk2: null }));
  return { shape: shapeOf(group), global: false, handle };
}

function write({ sink, input, totals, columns }: Output, table: Table): void {
  if (table.global) refuse(`global table "${input}" cannot be written`);
  const shape = totals === undefined ? table.shape : shapeOf(totals);
  const types: Readonly<Record<string, string>> = totals === undefined ? COLUMNS : totalsOf(totals).columns;
  const key = keyOf(shape);
  const declared = { ...key, ...Object.fromEntries(columns.map((column) => [column, types[column]])) };
  const written = clickhouse(sink, { key: Object.keys(key) as never, columns: declared as never });
  if (totals === undefined) table.handle.to(written);
  else table.handle.groupBy(groupBy(totals)).aggregate(`${sink}_groups`, totalsOf(totals).aggregates).to(written);
}

/** A plain row out of a row and its partner, in which everything of both can be seen. */
function blended(row: Untyped, partner: Plain | null): Untyped {
  if (partner === null) return { ...row, num: row.num + 1, dec: row.dec.negate() };
  return {
    ...row,
    fk1: partner.fk2,
    fk2: row.fk1,
    num: (row.num + partner.num * 2) % 1_000,
    dec: partner.dec,
  };
}
