import { isOfRows } from "./grouped.ts";
import type { CostDescription } from "./description.ts";
import type { GlobalTable, GroupPlan, PhysicalPlan, TaskTable } from "./physical.ts";

/** What one change of a row of each source causes, at most. */
export function describeCosts(plan: PhysicalPlan): CostDescription[] {
  return [
    ...plan.tables.flatMap((table) => tableCosts(table, plan)),
    ...plan.globals.map((table) => globalCosts(table, plan)),
  ];
}

/** A table whose rows are evaluated again, and which of them: `row joined by ...`; null for the changed row itself. */
interface Affected {
  readonly table: TaskTable;
  readonly each: string | null;
}

function tableCosts(table: TaskTable, plan: PhysicalPlan): CostDescription[] {
  const asked = table.lookups.filter((lookup) => !lookup.global).map((lookup) =>
    `${lookup.name}: 1 subscribe and 1 value if its partner is new to the task`
  );
  const { messages, writes } = effects([{ table, each: null }], plan);
  return table.members.flatMap((member) =>
    member.kind === "source" ? [{ source: member.name, messages: [...asked, ...messages], writes }] : []
  );
}

function globalCosts(table: GlobalTable, plan: PhysicalPlan): CostDescription {
  const users = new Set([table.index]);
  // A global table may stand behind others: whoever looks these up sees its change too.
  for (const other of plan.globals) {
    if (other.lookups.some((lookup) => users.has(lookup.table))) users.add(other.index);
  }
  const affected = plan.tables.flatMap((home) =>
    home.lookups.filter((lookup) => lookup.global && users.has(lookup.table)).map(({ name }) => ({
      table: home,
      each: `row joined by ${name}`,
    }))
  );
  return { source: table.name, ...effects(affected, plan) };
}

/** What follows from evaluating rows again: values to those who joined with them, shares and rows. */
function effects(first: readonly Affected[], plan: PhysicalPlan): { messages: string[]; writes: string[] } {
  const messages = new Set<string>();
  const writes = new Set<string>();
  const waiting = [...first];
  /** What is told of these rows for the first time is followed. */
  const tell = (message: string, affected: Affected) => {
    const known = messages.size;
    messages.add(message);
    if (messages.size > known) waiting.push(affected);
  };
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    const { table, each } = at;
    for (const sink of table.sinks) writes.add(`${sink.name}: 1 row${each === null ? "" : ` for each ${each}`}`);
    for (const group of table.groups) {
      const shares = `1 share for each ${sharesOf(group, each)}`;
      if (group.sink !== null) writes.add(`${group.sink.name}: ${shares}`);
      if (group.merge === null) continue;
      const totals = `${rowsOf(group)} of ${group.name} that changes`;
      tell(`${group.name}: ${shares}`, { table: plan.tables[group.merge.table], each: totals });
      for (const { name, spec } of group.aggregate.columns) {
        if (spec.kind !== "countDistinct") continue;
        messages.add(
          `${group.name}: 1 value of ${name} for each that the task's rows of a group had not, or have no more`,
        );
      }
    }
    for (const serve of table.serves) {
      const home = plan.tables[serve.home];
      const row = each === null ? "the row" : `a ${each}`;
      tell(`${serve.name}: 1 value to each task of ${home.name} that uses ${row}`, {
        table: home,
        each: `row joined by ${serve.name}`,
      });
    }
  }
  return { messages: [...messages], writes: [...writes] };
}

/** Of what a share is sent. */
function sharesOf({ grouping, aggregate }: GroupPlan, each: string | null): string {
  if (grouping.kind === "parts") return each === null ? "part that changes" : `part that changes of a ${each}`;
  if (each !== null) return `${isOfRows(aggregate) ? "key" : "group"} of a ${each}`;
  return `${isOfRows(aggregate) ? "key" : "group"} that it leaves or enters`;
}

/** What the rows are that merge tasks have. */
function rowsOf({ grouping, aggregate }: GroupPlan): string {
  if (grouping.kind === "parts") return "part";
  return isOfRows(aggregate) ? "row" : "total";
}
