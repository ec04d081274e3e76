import type { z } from "zod";
import { Decimal } from "../record/decimal.ts";
import type { AggregateSpec } from "./aggregate_spec.ts";
import type { AggregateNode, LogicalNode, SourceNode } from "./logical.ts";

/** A row as the declared schemas allow it, its key, and what it was made of. */
export interface Sample {
  readonly row: Readonly<Record<string, unknown>>;
  /** Key columns in the key's order: those of a source as declared, those of a group by name. */
  readonly key: readonly { readonly name: string; readonly value: unknown }[];
  /** True where the key is a group's, whose columns a sink finds by their names. */
  readonly grouped: boolean;
  /** Columns that are floats by their schema, by the value that only they have. */
  readonly floats: ReadonlyMap<number, string>;
}

/** Divisible by whatever people divide by, so that an integer stays one in a callback. */
const INTEGER = 5_040_000;
/** The same within the days of a date, of which there are so many. */
const DAY = 2_520;
const DAYS = 47;
const FRACTION = 0.1234567890123;

/**
 * Makes a row of each node that its declaration leads to: of a source from its schema, further down by running the
 * callbacks once. Values differ from column to column. Null where a callback or a schema does not take such a row:
 * then nothing is known before real rows come. `first`: of how many columns the values are left out, so that rows of
 * another number differ in all of them.
 */
export function samplesOf(nodes: readonly LogicalNode[], first = 0): (node: number) => Sample | null {
  const known = new Map<number, Sample | null>();
  let columns = first;
  const sampleOf = (id: number): Sample | null => {
    let sample = known.get(id);
    if (sample === undefined) known.set(id, sample = attempt(() => derived(nodes[id])));
    return sample;
  };
  const derived = (node: LogicalNode): Sample | null => {
    if (node.op === "source") {
      const sample = ofSource(node, columns);
      columns += Object.keys(sample.row).length;
      return sample;
    }
    if (node.op === "folded") return null;
    const input = sampleOf(node.input);
    if (input === null) return null;
    switch (node.op) {
      case "filter":
      case "filterNot":
      case "expireAfter":
      case "sink":
        return input;
      case "union":
        // What is wrong with every row of one side is wrong.
        return input;
      case "mapValues":
        return { ...input, row: { ...node.mapper({ ...input.row }, keyValueOf(input.key)) } };
      case "aggregate":
        return ofGroup(node, input);
      case "selectKey":
        return rekeyed(input, node.selector({ ...input.row }, keyValueOf(input.key)));
      case "flatMapValues":
        // Of a made-up number a callback may make as many parts.
        return null;
    }
    const right = sampleOf(node.right);
    if (right === null) return null;
    const left = node.op === "keyJoin" && node.leftColumn !== null ? { [node.leftColumn]: input.row } : input.row;
    const floats = new Map([...input.floats, ...right.floats]);
    return { ...input, row: { ...left, [node.column]: right.row }, floats };
  };
  return sampleOf;
}

/** Whatever a callback throws of a row that nobody wrote says nothing. */
export function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}

/** What callbacks see as a row's key. */
export function keyValueOf(key: Sample["key"]): unknown {
  return key.length === 1 ? key[0].value : Object.fromEntries(key.map(({ name, value }) => [name, value]));
}

/** What an aggregate's callback gives for a row; undefined if it throws. */
export function sampledValue(value: ((row: never) => unknown) | null, { row }: Sample): unknown {
  return value === null ? undefined : attempt(() => value({ ...row } as never)) ?? undefined;
}

/** `first`: number of columns that have values already. @throws TypeError for a schema that takes no known value */
function ofSource({ source }: SourceNode, first: number): Sample {
  const floats = new Map<number, string>();
  const row: Record<string, unknown> = {};
  for (const [index, [name, schema]] of Object.entries(source.row.shape).entries()) {
    const value = columnValue(schema as z.ZodType, first + index + 1);
    row[name] = value;
    if (typeof value === "number" && !Number.isInteger(value)) floats.set(value, `${source.name}.${name}`);
  }
  return { row, key: source.key.map((name) => ({ name, value: row[name] })), grouped: false, floats };
}

/** A schema that takes every value tells nothing, and so is no float. */
function columnValue(schema: z.ZodType, number: number): unknown {
  const text = `sample ${number}`;
  const values: unknown[] = schema.safeParse(text).success ? [] : [FRACTION + number];
  values.push(
    INTEGER * number,
    DAY * (1 + (number - 1) % DAYS),
    `{"sample":${number}}`,
    uuidOf(number),
    "AAAA",
    text,
    "a",
    true,
    [],
    {},
  );
  const { entries } = schema._zod.def as { entries?: Readonly<Record<string, unknown>> };
  values.push(...Object.values(entries ?? {}));
  for (const value of values) {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
  }
  throw new TypeError(`no sample of column ${number}`);
}

function uuidOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

function ofGroup(node: AggregateNode, input: Sample): Sample | null {
  const group = node.groupBy({ ...input.row }, keyValueOf(input.key));
  if (group === null || Object.values(group).includes(undefined)) return null;
  const totals = Object.entries(node.aggregates).map(([name, spec], index) => [
    name,
    ofTotal(spec, { number: index + 1, input }),
  ]);
  const key = Object.keys(group).sort().map((name) => ({ name, value: group[name] }));
  return { row: { ...group, ...Object.fromEntries(totals) }, key, grouped: true, floats: input.floats };
}

/** The row under a key of these columns; null for none. */
function rekeyed(input: Sample, columns: Readonly<Record<string, unknown>> | null): Sample | null {
  if (columns === null || Object.values(columns).includes(undefined)) return null;
  const key = Object.keys(columns).sort().map((name) => ({ name, value: columns[name] }));
  return { row: { ...input.row, ...columns }, key, grouped: true, floats: input.floats };
}

/** Of a group with one row. */
function ofTotal(spec: AggregateSpec, { number, input }: { readonly number: number; readonly input: Sample }): unknown {
  switch (spec.kind) {
    case "count":
    case "countDistinct":
      return INTEGER * number;
    case "avg":
      return Decimal.of(number);
    case "topN":
    case "collect":
      return [sampledValue(spec.value, input)];
    case "custom":
      return attempt(() => {
        const state = spec.add(spec.empty!(), spec.value({ ...input.row }));
        return spec.result === null ? state : spec.result(state);
      });
    default:
      return sampledValue(spec.value, input);
  }
}
