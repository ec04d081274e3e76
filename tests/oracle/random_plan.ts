import { TopologyError } from "../../src/mod.ts";
import { STEP_MINUTES } from "./history.ts";
import { ownShapeOf, type Shape } from "./own_keys.ts";
import { GLOBALS, SOURCES } from "./plain_tables.ts";
import { build, COLUMNS, type Group, type Output, type Plan, shapeOf, type Step, totalsOf } from "./plan.ts";
import type { Choices } from "./random.ts";

/** What the next operators must know of a table. */
interface Table {
  readonly name: string;
  readonly shape: Shape;
  readonly global: boolean;
  /** Source it begins with, for the partitioning of its keys. */
  readonly root: string;
}

/**
 * Plans a topology of 3 to 9 random operators over the sources, which writes several of its tables. `spoils`: some of
 * its rows are refused, by a callback, a sink, a total or for other tasks. `expires`: some of them grow old. Now and
 * then an outer join or a union comes out that cannot be: then it is another one.
 */
export function randomPlan(choices: Choices, { spoils = false, expires = false } = {}): Plan {
  for (;;) {
    const draft = new Draft(choices, { spoils, expires });
    const operators = 3 + choices.int(7);
    for (let operator = 0; operator < operators; operator++) draft.grow();
    const plan = draft.finish();
    try {
      build(plan);
      return plan;
    } catch (error) {
      if (!(error instanceof TopologyError) || !/as outer join|Cannot make the union/.test(error.message)) throw error;
    }
  }
}

class Draft {
  readonly #choices: Choices;
  readonly #tables: Table[] = [...SOURCES.keys()].map((name) => (
    { name, shape: "id", global: GLOBALS.includes(name), root: name }
  ));
  readonly #steps: Step[] = [];
  readonly #spoils: boolean;
  readonly #expires: boolean;

  constructor(choices: Choices, { spoils, expires }: { readonly spoils: boolean; readonly expires: boolean }) {
    this.#choices = choices;
    this.#spoils = spoils;
    this.#expires = expires;
  }

  /** One operator more. */
  grow(): void {
    const { int } = this.#choices;
    const name = `op${this.#steps.length}`;
    const makers = [
      () => this.#filter(name),
      () => this.#foreignKeyJoin(name),
      () => this.#foreignKeyJoin(name),
      () => this.#foreignKeyJoin(name),
      () => this.#keyJoin(name),
      () => this.#keyJoin(name),
      () => this.#aggregate(name, "aggregate"),
      () => this.#aggregate(name, "reduce"),
      () => [() => this.#selectKey(name), () => this.#flatMapValues(name), () => this.#union(name)][int(3)](),
      ...this.#spoils ? [() => this.#spoil(name), () => this.#spoil(name)] : [],
      ...this.#expires ? [() => this.#expire(name), () => this.#expire(name), () => this.#expire(name)] : [],
    ];
    const step = makers[int(makers.length)]();
    if (step === null) return;
    const input = this.#tables.find((table) => table.name === step.input)!;
    this.#steps.push(step);
    this.#tables.push(
      newShapeOf(step, input) === null
        ? { ...input, name }
        : { name, shape: newShapeOf(step, input)!, global: false, root: name },
    );
  }

  /** Writes the last partitioned tables, some totals directly, and changes of a table as events. */
  finish(): Plan {
    const partitioned = this.#tables.filter((table) => !table.global);
    // Not drawn, so that every seed keeps its rows. Changes of one table, in half of the plans.
    const told = this.#steps.length % 2 === 0 ? this.#steps.length / 2 % 3 : -1;
    const sinks: Output[] = partitioned.slice(-3).map(({ name }, index): Output => (
      { sink: `rows_${index}`, input: name, columns: Object.keys(COLUMNS), ...index === told ? { changes: true } : {} }
    ));
    if (this.#choices.chance(0.6)) {
      const totals = this.#group();
      const input = this.#choices.of(partitioned).name;
      sinks.push({ sink: `totals_${sinks.length}`, input, totals, columns: Object.keys(totalsOf(totals).columns) });
    }
    return { sources: [...SOURCES.keys()], steps: this.#steps, sinks };
  }

  /** Later tables are likelier, so that operators stand on each other. */
  #pick(wanted: (table: Table) => boolean): Table | null {
    const candidates = this.#tables.filter(wanted);
    if (candidates.length === 0) return null;
    const late = candidates.slice(-3);
    return this.#choices.of(this.#choices.chance(0.5) ? late : candidates);
  }

  #filter(name: string): Step {
    const input = this.#pick(() => true)!.name;
    // Drawn as one, so that both let the same rows pass and every seed keeps its rows.
    const drawn = this.#choices.int(6);
    const op = drawn % 2 === 0 ? "filter" : "filterNot";
    return { name, op, input, rest: Math.floor(drawn / 2), by: this.#choices.of(["num", "key"]) };
  }

  #expire(name: string): Step {
    const input = this.#pick((table) => !table.global)!.name;
    const minutes = this.#choices.int(6) * STEP_MINUTES;
    return { name, op: "expire", input, by: this.#choices.of(["num", "num", "column"]), minutes };
  }

  #spoil(name: string): Step {
    const input = this.#pick(() => true)!.name;
    return {
      name,
      op: "spoil",
      input,
      how: this.#choices.of(["throws", "NaN", "too large"]),
      rest: this.#choices.int(4),
    };
  }

  #foreignKeyJoin(name: string): Step | null {
    const global = this.#choices.chance(0.2);
    const left = this.#pick((table) => table.global === global);
    const right = this.#pick((table) => table.global || !global);
    if (left === null || right === null) return null;
    const column = this.#choices.of(["fk1", "fk2"] as const);
    const kind = this.#choices.of(["join", "leftJoin"] as const);
    return { name, op: "foreignKeyJoin", kind, input: left.name, right: right.name, column };
  }

  #sameKey(): { readonly left: Table; readonly right: Table; readonly sameCount: boolean } | null {
    const left = this.#pick((table) => !table.global);
    const right = this.#pick((table) => !table.global && table.shape === left?.shape);
    if (left === null || right === null) return null;
    return { left, right, sameCount: left.shape !== "id" || (left.root === "c") === (right.root === "c") };
  }

  #union(name: string): Step | null {
    const both = this.#sameKey();
    if (both === null || !both.sameCount) return null;
    return { name, op: "union", input: both.left.name, right: both.right.name, apart: this.#choices.chance(0.6) };
  }

  #keyJoin(name: string): Step | null {
    const both = this.#sameKey();
    if (both === null) return null;
    const { left, right, sameCount } = both;
    const kinds = sameCount ? ["join", "leftJoin", "outerJoin"] as const : ["join", "leftJoin"] as const;
    const kind = this.#choices.of<"join" | "leftJoin" | "outerJoin">(kinds);
    return { name, op: "keyJoin", kind, input: left.name, right: right.name };
  }

  #selectKey(name: string): Step | null {
    const input = this.#pick((table) => !table.global);
    if (input === null) return null;
    const by = this.#choices.of(["num", "fk1", "fk2", "key", "key"] as const);
    return { name, op: "selectKey", input: input.name, by, tagged: this.#choices.of([false, true]) };
  }

  #flatMapValues(name: string): Step | null {
    const input = this.#pick((table) =>
      !table.global && ownShapeOf({ op: "flatMapValues", named: false }, table.shape) !== null
    );
    return input === null
      ? null
      : { name, op: "flatMapValues", input: input.name, named: this.#choices.of([false, true]) };
  }

  #group(): Group {
    const column = this.#choices.of(["num", "fk1", "fk2"] as const);
    return { column, tagged: this.#choices.of([false, true]), merged: this.#choices.of([false, true]) };
  }

  #aggregate(name: string, op: "aggregate" | "reduce"): Step | null {
    const input = this.#pick(() => true);
    return input === null ? null : { name, op, input: input.name, group: this.#group() };
  }
}

/** What a step's rows are keyed by, if they have keys of their own. */
function newShapeOf(step: Step, input: Table): Shape | null {
  switch (step.op) {
    case "aggregate":
    case "reduce":
      return shapeOf(step.group);
    case "selectKey":
    case "flatMapValues":
      return ownShapeOf(step, input.shape);
    default:
      return null;
  }
}
