import type { PhysicalPlan, TaskTable } from "./physical.ts";

/**
 * Whether rows of a register leave with time alone: by an operator of its own program; because a row of another table
 * left, which it is joined with or made of; or never.
 */
export type Aging = "never" | "own" | "others";

/** How rows of a register of this table's program leave with time. Of several ways the one that is harder to see. */
export function agingOf(plan: PhysicalPlan, { table, step }: { table: TaskTable; step: number }): Aging {
  const of = table.steps[step];
  const own = (register: number) => agingOf(plan, { table, step: register });
  const other = (index: number, register: number): Aging =>
    agingOf(plan, { table: plan.tables[index], step: register }) === "never" ? "never" : "others";
  switch (of.kind) {
    case "member": {
      const member = table.members[of.member];
      if (member.kind !== "merge") return "never";
      const group = plan.tables[member.home].groups.find(({ name }) => name === member.name)!;
      return other(member.home, group.step);
    }
    case "filter":
    case "map":
      return own(of.input);
    case "expire":
      return harder("own", own(of.input));
    case "pair":
    case "union":
      return harder(own(of.left), own(of.right));
    case "lookup": {
      const { global, table: index, step: register } = table.lookups[of.lookup];
      // Rows of global tables do not expire.
      return global ? own(of.input) : harder(own(of.input), other(index, register));
    }
  }
}

function harder(one: Aging, another: Aging): Aging {
  const order: readonly Aging[] = ["never", "own", "others"];
  return order.indexOf(one) > order.indexOf(another) ? one : another;
}
