// What a program written out as one function gains over its operators one after the other, on rows of the store's
// tables: `deno run tests/bench/programs.ts`. Ratios of one run, so that the machine and what else it does cancel out.
import type { LookupPlan, Step } from "../../src/plan/physical.ts";
import { compiledProgram } from "../../src/processor/compiled_program.ts";
import { plainProgram, type ProgramMaker } from "../../src/processor/program.ts";
import { Decimal } from "../../src/record/decimal.ts";
import { plainKeyColumn } from "../../src/record/key_column.ts";
import type { Row } from "../../src/record/row.ts";
import { Entries } from "../../src/state/entries.ts";
import { AskedRights } from "../../src/state/right_store.ts";
import type { Slot } from "../../src/state/slots.ts";
import { compete, type Way } from "./contest.ts";

/** Rows of each task in a round. */
const ROWS = 100;
/** Tasks that take turns, each with a program of its own. */
const TASKS = 6;
const ORDERS = 40;
const WARMING_RUNS = 100_000;

const member: Step = { kind: "member", name: "items", member: 0 };
const lookup = (column: string, options: { input: number; lookup: number }): Step => ({
  kind: "lookup",
  name: column,
  column,
  inner: options.lookup < 2,
  foreignKey: (row) => row[`${column}_id`],
  ...options,
});
const joins = [member, lookup("order", { input: 0, lookup: 0 }), lookup("product", { input: 1, lookup: 1 })];
const chain: Step[] = [...joins, lookup("user", { input: 2, lookup: 2 })];

/** Programs by name: their steps. */
const PROGRAMS: Readonly<Record<string, readonly Step[]>> = {
  "a filter": [member, { kind: "filter", name: "filter", input: 0, predicate: (row) => row.quantity > 0 }],
  "a lookup join": joins.slice(0, 2),
  "three lookup joins": chain,
  "three lookup joins, a filter and a mapping": [
    ...chain,
    { kind: "filter", name: "filter", input: 3, predicate: (row) => row.quantity > 0 },
    {
      kind: "map",
      name: "map",
      input: 4,
      mapper: ({ id, order, product, user, quantity, unit_price }) => ({
        id,
        status: order.status,
        product: product.name,
        country: user?.name ?? null,
        quantity,
        amount: unit_price.times(quantity),
      }),
    },
  ],
};

const compiled: ProgramMaker = (options) => compiledProgram(options, { afterRows: 0 });

function programOf(steps: readonly Step[], make: ProgramMaker): Way<Slot> {
  const entries = new Entries(1);
  for (let id = 0; id < ROWS; id++) entries.members[0].write(entries.keys.add(id), itemOf(id));
  const lookups = steps.flatMap((step): LookupPlan[] =>
    step.kind === "lookup"
      ? [{ name: step.name, global: false, table: 0, step: 0, keyColumns: [plainKeyColumn("id")] }]
      : []
  );
  const right = (key: unknown): Row => ({ id: key, name: `name ${key}`, status: "paid", placed_at: 1.7e15 });
  const program = make({
    steps,
    lookups,
    stores: lookups.map(() => new AskedRights(entries.keys, { ask: right, hurry() {}, leave() {} })),
    entries,
    keyColumns: [plainKeyColumn("id")],
    outputs: new Set([steps.length - 1]),
    onError: (error) => {
      throw error;
    },
  });
  return (slot) => program.run(slot)[steps.length - 1];
}

const itemOf = (id: number): Row => ({
  id,
  order_id: id % ORDERS,
  product_id: id % 7,
  user_id: id % 11,
  quantity: 1 + id % 5,
  unit_price: Decimal.of(100 + id, 2),
});

const slots = Array.from({ length: TASKS }, () => Array.from({ length: ROWS }, (_, slot) => slot));
// The first program would be measured while the state's functions are still being compiled.
for (const steps of Object.values(PROGRAMS)) {
  for (const make of [compiled, plainProgram]) {
    const way = programOf(steps, make);
    for (let run = 0; run < WARMING_RUNS; run++) way(run % ROWS);
  }
}
for (const [name, steps] of Object.entries(PROGRAMS)) {
  const tasks = (make: ProgramMaker) => slots.map(() => programOf(steps, make));
  compete<Slot>({
    name: `run a program: ${name}`,
    inputs: () => slots,
    ways: { compiled: tasks(compiled), "operators one after the other": tasks(plainProgram) },
  });
}
