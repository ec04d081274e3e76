import { encodeWire, wireEquals } from "../record/wire.ts";
import type { FoldSpec } from "./aggregate_spec.ts";

/** Values that are tried with each other, and no more: so many cubed is the number of trials. */
export const VALUES_TRIED = 6;

/** Of a state in a message, in UTF-16 units. */
const SHOWN_LENGTH_MAX = 200;

type Fold = (state: unknown, other: unknown) => unknown;

/**
 * Which laws an aggregate's callbacks break, tried with these values, none of them null: one problem for each law.
 * @throws whatever a callback throws; TypeError for a state that cannot be told to another task
 */
export function brokenLaws(spec: FoldSpec, values: readonly unknown[]): string[] {
  const problems = new Map<string, string>();
  const names = NAMES[spec.kind];
  const watched = (name: string, fold: Fold): Fold => (state, other) => {
    const before = encodeWire([state, other]);
    const after = fold(state, other);
    const law = `${name} must leave what it is given as it is, and give a new state`;
    if (encodeWire([state, other]) !== before) problems.set(law, law);
    return after;
  };
  const add = watched(names.add, spec.add);
  const subtract = watched(names.subtract, spec.subtract);
  const merge = watched(names.merge, spec.merge);
  const start = (value: unknown) => spec.empty === null ? value : add(spec.empty(), value);
  const check = (law: string, [found, expected]: readonly [unknown, unknown]) => {
    if (problems.has(law) || wireEquals(found, expected)) return;
    problems.set(law, `${law}: ${textOf(found)} is not ${textOf(expected)}`);
  };
  const tried = values.slice(0, VALUES_TRIED);
  for (const a of tried) {
    for (const b of tried) {
      const both = add(start(a), b);
      check(`${names.add} must not depend on the order of values`, [both, add(start(b), a)]);
      check(`${names.subtract} must give the state before ${names.add}`, [subtract(both, b), start(a)]);
      for (const c of tried) {
        check(`${names.merge} must give the state of the values of both`, [
          merge(start(a), add(start(b), c)),
          add(both, c),
        ]);
      }
    }
  }
  return [...problems.values()];
}

function textOf(state: unknown): string {
  const text = encodeWire(state);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text;
}

/** How callbacks are called where they are declared: what adds a value of a `reduce` also merges. */
const NAMES = {
  custom: { add: "add()", subtract: "subtract()", merge: "merge()" },
  reduce: { add: "adder()", subtract: "subtractor()", merge: "adder()" },
} as const;
