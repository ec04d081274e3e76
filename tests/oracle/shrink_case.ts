import { TopologyError } from "../../src/mod.ts";
import { Budget, type Edit, type Limits, minimise, simplify } from "../shrink.ts";
import { type Case, caseText, dullRowOf, type Failure, run, topologyOf } from "./case.ts";
import type { Plan } from "./plan.ts";

const LIMITS: Limits = { attemptsMax: 2_000, msMax: 10_000 };
/** Rows that a slice has when nothing asks for less. */
const SLICE_ROWS = 2_000;

/** A case that fails, and how. */
export interface FailingCase {
  readonly life: Case;
  readonly failure: Failure;
}

/**
 * Takes away events, sinks, operators, sources, columns, partitions and values, as long as the case fails in the same
 * way.
 */
export async function shrinkCase({ life, failure }: FailingCase, limits: Limits = LIMITS): Promise<FailingCase> {
  const budget = new Budget(limits);
  const smallest = { life, failure };
  const fails = async (candidate: Case): Promise<boolean> => {
    const found = await runIfValid(candidate);
    if (found?.kind !== failure.kind) return false;
    smallest.life = candidate;
    smallest.failure = found;
    return true;
  };
  for (let length = Infinity; caseText(smallest.life).length < length && !budget.spent;) {
    length = caseText(smallest.life).length;
    const { events } = smallest.life;
    await minimise(events, budget, (fewer) => fails({ ...smallest.life, events: fewer }));
    for (const edits of [planEdits(smallest.life), columnEdits(smallest.life), settingEdits(smallest.life)]) {
      await simplify(smallest.life, budget, { edits, fails });
    }
    await simplify(smallest.life, budget, { edits: valueEdits(smallest.life), fails });
  }
  return smallest;
}

/** A plan of which too much was taken away does not fail. */
async function runIfValid(candidate: Case): Promise<Failure | null> {
  try {
    topologyOf(candidate);
  } catch (error) {
    if (error instanceof TopologyError) return null;
    throw error;
  }
  return await run(candidate);
}

/** A change of the plan; a topology of the store stays as it is. */
function planEdit(edit: (plan: Plan) => Plan | null): Edit<Case> {
  return (life) => {
    const plan = typeof life.topology === "string" ? null : edit(life.topology);
    return plan === null ? null : { ...life, topology: plan };
  };
}

/** Each sink goes; each operator goes, and what read it reads its input instead; each source goes. */
function planEdits({ topology }: Case): Edit<Case>[] {
  if (typeof topology === "string") return [];
  const sinks = topology.sinks.map(({ sink }) =>
    planEdit((plan) => {
      const left = plan.sinks.filter((other) => other.sink !== sink);
      return left.length === 0 || left.length === plan.sinks.length ? null : { ...plan, sinks: left };
    })
  );
  const steps = topology.steps.toReversed().map(({ name }) => planEdit((plan) => withoutStep(plan, name)));
  const sources = topology.sources.map((name) =>
    planEdit((plan) => {
      const left = plan.sources.filter((other) => other !== name);
      return left.length === plan.sources.length ? null : { ...plan, sources: left };
    })
  );
  return [...sinks, ...steps, ...sources];
}

function withoutStep(plan: Plan, name: string): Plan | null {
  const gone = plan.steps.find((step) => step.name === name);
  if (gone === undefined) return null;
  const instead = (table: string) => table === name ? gone.input : table;
  const steps = plan.steps.filter((step) => step !== gone).map((step) =>
    "right" in step
      ? { ...step, input: instead(step.input), right: instead(step.right) }
      : { ...step, input: instead(step.input) }
  );
  return { ...plan, steps, sinks: plan.sinks.map((sink) => ({ ...sink, input: instead(sink.input) })) };
}

function columnEdits({ topology }: Case): Edit<Case>[] {
  if (typeof topology === "string") return [];
  return topology.sinks.flatMap(({ sink, columns }) =>
    columns.map((column) =>
      planEdit((plan) => {
        const written = plan.sinks.find((other) => other.sink === sink);
        if (written === undefined || !written.columns.includes(column)) return null;
        const less = { ...written, columns: written.columns.filter((other) => other !== column) };
        return { ...plan, sinks: plan.sinks.map((other) => other === written ? less : other) };
      })
    )
  );
}

/** One partition each, large slices. */
function settingEdits({ partitions }: Case): Edit<Case>[] {
  return [
    (life) => life.sliceRows === SLICE_ROWS ? null : { ...life, sliceRows: SLICE_ROWS },
    (life) => withPartitions(life, Object.fromEntries(Object.keys(partitions).map((source) => [source, 1]))),
    ...Object.keys(partitions).map((source): Edit<Case> => (life) => withPartitions(life, { [source]: 1 })),
  ];
}

function withPartitions(life: Case, fewer: Readonly<Record<string, number>>): Case | null {
  const changes = Object.entries(fewer).some(([source, count]) => life.partitions[source] !== count);
  return changes ? { ...life, partitions: { ...life.partitions, ...fewer } } : null;
}

/** Each value becomes that of the dull row. */
function valueEdits(start: Case): Edit<Case>[] {
  return start.events.flatMap((event, index) => {
    if (event.do !== "put") return [];
    const dull = dullRowOf(start, event.table, event.row.id as number);
    return Object.keys(event.row).map((column): Edit<Case> => (life) => {
      const now = life.events[index];
      if (now.do !== "put" || JSON.stringify(now.row[column]) === JSON.stringify(dull[column])) return null;
      return { ...life, events: life.events.with(index, { ...now, row: { ...now.row, [column]: dull[column] } }) };
    });
  });
}
