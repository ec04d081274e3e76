import { Decimal } from "../record/decimal.ts";
import type { AggregateSpec, DistinctSpec, RankedSpec, TotalSpec } from "./aggregate_spec.ts";
import type { AggregateNode } from "./logical.ts";
import { type Sample, sampledValue } from "./sample_row.ts";

/** Values that a list holds at most: it is part of a message, and of a row. */
const LIST_VALUES_MAX = 1_000;

/** What would be wrong with every row of an aggregate. `input`: a row as the schemas allow it, if one could be made. */
export function aggregateProblems({ name, aggregates }: AggregateNode, input: Sample | null): string[] {
  return Object.entries(aggregates).flatMap(([column, spec]) =>
    problemsOf(spec, input).map((problem) => `Total "${column}" of aggregate "${name}" ${problem}`)
  );
}

function problemsOf(spec: AggregateSpec, input: Sample | null): string[] {
  switch (spec.kind) {
    case "sum":
    case "avg":
      return input === null ? [] : floatProblems(spec, input);
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

function floatProblems({ kind, value }: TotalSpec, input: Sample): string[] {
  const added = sampledValue(value, input);
  if (typeof added !== "number" || Number.isSafeInteger(added) || input.floats.size === 0) return [];
  const source = input.floats.get(added);
  return [
    `is ${kind}() of a float${source === undefined ? "" : `, ${source}`}: ` +
    "taking a row out again would leave an error. Declare the source's column as numeric(), or map it to an " +
    "integer or a Decimal",
  ];
}

function distinctProblems({ value }: DistinctSpec, input: Sample): string[] {
  const counted = sampledValue(value, input);
  if (typeof counted !== "object" || counted instanceof Decimal) return [];
  return [
    "is countDistinct() of objects, which cannot be compared. Count a number, a Decimal, a text or a truth value",
  ];
}

function boundProblems({ kind, most }: RankedSpec): string[] {
  if (Number.isInteger(most) && most >= 1 && most <= LIST_VALUES_MAX) return [];
  return [`is ${kind}() of ${most} values: use an integer from 1 to ${LIST_VALUES_MAX}`];
}

function orderProblems({ kind, by }: RankedSpec, input: Sample): string[] {
  const place = sampledValue(by, input);
  if (typeof place !== "boolean" && (typeof place !== "object" || place instanceof Decimal)) return [];
  const found = typeof place === "boolean" ? "a truth value" : "an object";
  return [`is ${kind}() by ${found}, which has no order. Order by a number, a Decimal, a text or a time`];
}
