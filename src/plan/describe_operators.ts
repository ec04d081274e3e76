import { aggregateText } from "../dsl/aggregate_spec.ts";
import { type ExpireAfterNode, inputsOf, isGrouped, type LogicalNode } from "../dsl/logical.ts";
import type { Topology } from "../dsl/topology.ts";
import type { OperatorDescription } from "./description.ts";
import { durationText } from "./duration_text.ts";
import type { PhysicalPlan } from "./physical.ts";
import { unreadTables } from "./unread.ts";

/** A plan and what it was compiled from. */
interface Described {
  readonly plan: PhysicalPlan;
  readonly topology: Topology;
}

/** The operators of tables, in the order in which they were declared, as far as there are tasks for them. */
export function describeOperators(plan: PhysicalPlan, topology: Topology): OperatorDescription[] {
  const unread = unreadTables(topology);
  return topology.nodes.filter(({ id }) => !unread.has(id)).map((node) => operator(node, { plan, topology }));
}

function operator(node: LogicalNode, described: Described): OperatorDescription {
  const plain = {
    id: node.id,
    name: node.name,
    op: node.op,
    inputs: inputsOf(node),
    runsAt: runsAt(node, described),
  };
  if (node.op === "aggregate") {
    return {
      ...plain,
      totals: Object.entries(node.aggregates).map(([column, spec]) => `${column} = ${aggregateText(spec)}`),
    };
  }
  if (node.op === "flatMapValues") {
    const { column, counted } = node.part;
    return { ...plain, part: counted ? `${column}, the position` : column };
  }
  if (node.op === "expireAfter") return { ...plain, expires: expiresText(node) };
  if (node.op === "union") return { ...plain, partner: "copartitioned" };
  if (node.op !== "foreignKeyJoin" && node.op !== "keyJoin") return plain;
  return { ...plain, kind: node.kind, partner: partnerOf(node.name, described.plan) };
}

function expiresText({ time, durationUs }: ExpireAfterNode): string {
  return `${typeof time === "string" ? time : "row time"} + ${durationText(durationUs)}`;
}

function partnerOf(join: string, plan: PhysicalPlan): "subscribed" | "replicated" | "copartitioned" {
  const lookup = [...plan.tables, ...plan.globals].flatMap((table) => table.lookups).find(({ name }) => name === join);
  if (lookup === undefined) return "copartitioned";
  return lookup.global ? "replicated" : "subscribed";
}

/** Every operator runs where its input does; totals that are used further are rows of a table of their own. */
function runsAt(node: LogicalNode, { plan, topology }: Described): string {
  for (let root = node;; root = topology.nodes[root.input]) {
    if (root.op === "source" && root.global) return "every instance";
    const held = root.op === "source" || root.op === "folded" || (isGrouped(root) && root !== node);
    const table = held ? plan.tables.find(({ members }) => members.some(({ name }) => name === root.name)) : undefined;
    if (table !== undefined) return `tasks of ${table.name}`;
    if (root.op === "source" || root.op === "folded") {
      throw new TypeError(`Cannot describe "${node.name}": the plan is of another topology`);
    }
  }
}
