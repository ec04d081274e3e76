import { Decimal } from "../record/decimal.ts";
import { encodeWire } from "../record/wire.ts";
import type { AggregateSpec, DistinctSpec, FoldSpec, RankedSpec, TotalSpec } from "./aggregate_spec.ts";
import type { AggregateNode } from "./logical.ts";
import { brokenLaws } from "./broken_laws.ts";
import type { StreamAggregateNode } from "./stream_nodes.ts";
import { sampleGroup, type StreamSample } from "./stream_samples.ts";
import { attempt, keyValueOf, type Sample, sampledValue } from "./sample_value.ts";

/** Values that a list holds at most: it is part of a message, and of a row. */
const LIST_VALUES_MAX = 1_000;

/**
 * What would be wrong with every row of an aggregate. `samples`: rows as the schemas allow them, as far as they could
 * be made.
 */
export function aggregateProblems(node: AggregateNode, samples: readonly (Sample | null)[]): string[] {
  const { name, aggregates } = node;
  return Object.entries(aggregates).flatMap(([column, spec]) => {
    const problems = "subtract" in spec
      ? foldProblems(spec, valuesOfGroup(spec, { node, samples }))
      : problemsOf(spec, samples[0]);
    return problems.map((problem) => `Total "${column}" of aggregate "${name}" ${problem}`);
  });
}

function problemsOf(spec: Exclude<AggregateSpec, FoldSpec>, input: Sample | null): string[] {
  switch (spec.kind) {
    case "sum":
    case "avg":
      return input === null ? [] : floatProblems(spec, { input });
    case "count":
    case "min":
    case "max":
      return [];
    case "countDistinct":
      return input === null ? [] : distinctProblems(spec, input);
    default:
      return [...boundProblems(spec), ...input === null ? [] : orderProblems(spec, input)];
  }
}

/** What the laws say of values that rows of one group contribute, and of those declared. */
function foldProblems(spec: FoldSpec, ofRows: readonly unknown[]): string[] {
  const broken = [
    // Whatever a callback throws of a row that nobody wrote says nothing.
    ...attempt(() => brokenLaws(spec, ofRows)) ?? [],
    ...brokenByDeclared(spec),
  ];
  return [...new Map(broken.map((problem) => [problem.split(": ")[0], problem])).values()]
    .map((problem) => `breaks a law of ${spec.kind}(): ${problem}`);
}

function brokenByDeclared(spec: FoldSpec): string[] {
  try {
    return brokenLaws(spec, spec.samples);
  } catch (error) {
    return [`a callback throws of its samples: ${(error as Error).message}`];
  }
}

/** What rows contribute that are in one group: others have its columns in their place. */
function valuesOfGroup(
  { value }: FoldSpec,
  { node, samples }: { readonly node: AggregateNode; readonly samples: readonly (Sample | null)[] },
): unknown[] {
  const [first, ...others] = samples.filter((sample) => sample !== null);
  if (first === undefined) return [];
  const groupOf = ({ row, key }: Sample) => attempt(() => encodeWire(node.groupBy({ ...row }, keyValueOf(key))));
  const group = attempt(() => node.groupBy({ ...first.row }, keyValueOf(first.key))) ?? {};
  const fixed = Object.entries(first.row).filter(([, held]) => Object.values(group).includes(held));
  const rows = others.map((sample) => ({ ...sample, row: { ...sample.row, ...Object.fromEntries(fixed) } }))
    .filter((sample) => groupOf(sample) === groupOf(first));
  return [first, ...rows].map((sample) => sampledValue(value, sample)).filter((given) => given !== undefined);
}

/** What would be wrong with every event of an aggregate over a stream. */
export function streamAggregateProblems(node: StreamAggregateNode, inputs: readonly (StreamSample | null)[]): string[] {
  const { name, sides, window } = node;
  return sides.flatMap((side, index) => {
    const input = inputs[index];
    if (input === null) return [];
    const sample = { row: input.value as Sample["row"], key: [], grouped: false, floats: input.floats };
    const floats = Object.entries(side.aggregates).flatMap(([column, spec]) =>
      spec.kind !== "sum" && spec.kind !== "avg"
        ? []
        : floatProblems(spec, { input: sample, why: "the order of events would matter" })
          .map((problem) => `Total "${column}" of aggregate "${name}" ${problem}`)
    );
    const group = Object.keys(sampleGroup(side, input) ?? {});
    const isRow = Object.values(side.aggregates).some(({ kind }) => kind === "reduce" || kind === "newest");
    const taken = new Set([
      ...isRow ? [] : Object.keys(side.aggregates),
      ...window === null ? [] : ["window_start", "window_end"],
    ]);
    return [
      ...floats,
      ...group.filter((column) => taken.has(column)).map((column) =>
        `Aggregate "${name}" has "${column}" twice: it is a column of the group, and of its window or its totals. ` +
        "Give one of them another name"
      ),
    ];
  });
}

function floatProblems(
  { kind, value }: TotalSpec,
  { input, why = "taking a row out again would leave an error" }: { readonly input: Sample; readonly why?: string },
): string[] {
  const added = sampledValue(value, input);
  if (typeof added !== "number" || Number.isSafeInteger(added) || input.floats.size === 0) return [];
  const source = input.floats.get(added);
  return [
    `is ${kind}() of a float${source === undefined ? "" : `, ${source}`}: ${why}. Declare the source's column as ` +
    "numeric(), or map it to an integer or a Decimal",
  ];
}

function distinctProblems({ value }: DistinctSpec, input: Sample): string[] {
  const counted = sampledValue(value, input);
  if (typeof counted !== "object" || counted instanceof Decimal) return [];
  return [
    "is countDistinct() of objects, which cannot be compared. Count a number, a Decimal, a text or a truth value",
  ];
}

/** What is wrong with the number of values that are shown. */
export function boundProblems({ kind, most }: RankedSpec): string[] {
  if (Number.isInteger(most) && most >= 1 && most <= LIST_VALUES_MAX) return [];
  return [`is ${kind}() of ${most} values: use an integer from 1 to ${LIST_VALUES_MAX}`];
}

function orderProblems({ kind, by }: RankedSpec, input: Sample): string[] {
  const place = sampledValue(by, input);
  if (typeof place !== "boolean" && (typeof place !== "object" || place instanceof Decimal)) return [];
  const found = typeof place === "boolean" ? "a truth value" : "an object";
  return [`is ${kind}() by ${found}, which has no order. Order by a number, a Decimal, a text or a time`];
}
