import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { LookupPlan, Step } from "../../src/plan/physical.ts";
import { compiledProgram } from "../../src/processor/compiled_program.ts";
import { plainProgram, type ProgramMaker } from "../../src/processor/program.ts";
import { plainKeyColumn } from "../../src/record/key_column.ts";
import type { ProcessorError } from "../../src/record/errors.ts";
import type { Key } from "../../src/record/key.ts";
import { type Row, UNKNOWN, type Value } from "../../src/record/row.ts";
import { Entries } from "../../src/state/entries.ts";
import { AskedRights } from "../../src/state/right_store.ts";
import { NO_SLOT } from "../../src/state/slots.ts";

const LOOKUP: LookupPlan = { name: "right", global: false, table: 0, step: 0, keyColumns: [plainKeyColumn("id")] };
const member = (index: number): Step => ({ kind: "member", name: `m${index}`, member: index });

interface Case {
  readonly steps: readonly Step[];
  readonly members?: number;
  /** What the right task has answered so far, for all lookups; a key without an answer is UNKNOWN. */
  readonly answers?: Readonly<Record<Key, Row | null>>;
  readonly outputs?: readonly number[];
}

const MAKERS: Readonly<Record<string, ProgramMaker>> = {
  plainProgram,
  // Other registers than outputs cannot be read.
  compiledProgram: (options) =>
    compiledProgram({ ...options, outputs: new Set(options.steps.keys()) }, { afterRows: 0 }),
};

/** A program over entries made by hand, without a task around it. */
function programOf({ steps, members = 1, answers = {}, outputs = [] }: Case, make: ProgramMaker = plainProgram) {
  const lookups = steps.filter((step) => step.kind === "lookup").map(() => LOOKUP);
  const entries = new Entries(members);
  const stores = lookups.map(() =>
    new AskedRights(entries.keys, {
      ask: (key): Value => key in answers ? answers[key] : UNKNOWN,
      hurry() {},
      leave() {},
    })
  );
  const errors: ProcessorError[] = [];
  const program = make({
    steps,
    lookups,
    stores,
    entries,
    keyColumns: [plainKeyColumn("id")],
    outputs: new Set(outputs),
    onError: (error) => errors.push(error),
  });
  const entry = entries.keys.add(1);
  /** Runs the program for an entry with these rows of its members. */
  const run = (...rows: (Row | null)[]) => {
    rows.forEach((row, index) => entries.members[index].write(entry, row));
    return program.run(entry);
  };
  return { run, stores, errors, entry };
}

const lookup = (input: number, options: Partial<Step & { kind: "lookup" }> = {}): Step => ({
  kind: "lookup",
  name: "right",
  input,
  column: "right",
  inner: false,
  lookup: 0,
  foreignKey: (row) => row.ref,
  ...options,
});

for (const [name, make] of Object.entries(MAKERS)) {
  Deno.test(`${name}() leaves UNKNOWN what it is, through every operator, and calls no callback with it`, () => {
    const called: string[] = [];
    const note = (name: string) => () => called.push(name) > 0;
    const steps: Step[] = [
      member(0),
      lookup(0),
      { kind: "filter", name: "filter", input: 1, predicate: note("filter") },
      { kind: "map", name: "map", input: 1, mapper: (row) => (note("map")(), row) },
      { kind: "expire", name: "expire", input: 1, time: () => (note("expire")(), 0), durationUs: 0 },
      lookup(1, { lookup: 1, foreignKey: () => note("foreignKey")() }),
      { kind: "union", name: "union", left: 0, right: 1 },
      { kind: "union", name: "union", left: 1, right: 0 },
      ...(["inner", "left", "outer"] as const).flatMap((mode): Step[] => [
        { kind: "pair", name: mode, mode, left: 0, right: 1, column: "r", leftColumn: "l" },
        { kind: "pair", name: mode, mode, left: 1, right: 0, column: "r", leftColumn: "l" },
      ]),
    ];
    const { run } = programOf({ steps }, make);
    const [first, ...others] = run({ id: 1, ref: 7 });
    assertEquals(first, { id: 1, ref: 7 });
    assertEquals(others, others.map(() => UNKNOWN));
    assertEquals(called, []);
  });

  Deno.test(`${name}() joins on keys by the table of L and R`, () => {
    const [l, r] = [{ id: 1 }, { id: 1, text: "r" }];
    const table: [Row | null, Row | null, Record<"inner" | "left" | "outer", Row | null>][] = [
      [l, r, { inner: { id: 1, r }, left: { id: 1, r }, outer: { l, r } }],
      [l, null, { inner: null, left: { id: 1, r: null }, outer: { l, r: null } }],
      [null, r, { inner: null, left: null, outer: { l: null, r } }],
      [null, null, { inner: null, left: null, outer: null }],
    ];
    for (const mode of ["inner", "left", "outer"] as const) {
      const { run } = programOf({
        members: 2,
        steps: [member(0), member(1), {
          kind: "pair",
          name: "p",
          mode,
          left: 0,
          right: 1,
          column: "r",
          leftColumn: "l",
        }],
      }, make);
      for (const [left, right, expected] of table) {
        assertEquals(run(left, right)[2], expected[mode], mode);
      }
    }
  });

  Deno.test(`${name}() keeps links while the left row is UNKNOWN or a callback throws; null ends them`, () => {
    const answers = { 1: { ref: 5 }, 5: { id: 5 } };
    let thrown = false;
    const { run, stores, errors, entry } = programOf({
      answers,
      steps: [
        member(0),
        lookup(0, { inner: true }),
        lookup(1, {
          lookup: 1,
          foreignKey: (row) => {
            if (thrown) throw new Error("no key");
            return row.right.ref;
          },
        }),
      ],
    }, make);
    const links = () =>
      stores.map(({ keys, links }) => {
        const right = links.of(entry);
        return right === NO_SLOT ? [] : [keys.keyOf(right)];
      });
    assertEquals(run({ id: 1, ref: 1 })[2], { id: 1, ref: 1, right: { id: 5 } });
    assertEquals(links(), [[1], [5]]);
    assertEquals([run({ id: 1, ref: 2 })[2], links()], [UNKNOWN, [[2], [5]]]);
    thrown = true;
    assertEquals([run({ id: 1, ref: 1 })[2], links()], [null, [[1], [5]]]);
    assertEquals(errors.map(({ operator, key }) => [operator, key]), [["right", "1"]]);
    assertEquals([run({ id: 1, ref: null })[2], links()], [null, [[], []]]);
  });
}

Deno.test("plainProgram() copies a chain's row once, and extends no row that somebody else reads", () => {
  const answers = { 5: { id: 5 } };
  const chain: Step[] = [member(0), lookup(0), lookup(1, { lookup: 1, column: "again" })];
  const added = { id: 1, ref: 5, right: { id: 5 }, again: { id: 5 } };
  const source = { id: 1, ref: 5 };
  const { run } = programOf({ steps: chain, answers });
  const [row, first, second] = run(source);
  assertEquals([row, source], [{ id: 1, ref: 5 }, { id: 1, ref: 5 }]);
  assertStrictEquals(first, second);
  assertEquals(second, added);

  const readers: [string, Case][] = [
    ["an output", { steps: chain, answers, outputs: [1] }],
    ["a filter", { steps: [...chain, { kind: "filter", name: "f", input: 1, predicate: () => true }], answers }],
    ["a key join", {
      steps: [...chain, { kind: "pair", name: "p", mode: "left", left: 0, right: 1, column: "r", leftColumn: null }],
      answers,
    }],
  ];
  for (const [reader, read] of readers) {
    const registers = programOf(read).run({ ...source });
    assert(registers[1] !== registers[2], reader);
    assertEquals(registers.slice(1, 3), [{ id: 1, ref: 5, right: { id: 5 } }, added], reader);
  }
});

for (const [name, make] of Object.entries(MAKERS)) {
  Deno.test(`${name}() refuses what is no object, and tells which operator it was`, () => {
    const steps: Step[] = [member(0), { kind: "map", name: "halved", input: 0, mapper: (row) => row.half }];
    const { run, errors } = programOf({ steps }, make);
    for (const half of [null, undefined, 5, "text"]) assertEquals(run({ half })[1], null);
    assertEquals(errors.map(({ operator }) => operator), Array(4).fill("halved"));
  });
}
