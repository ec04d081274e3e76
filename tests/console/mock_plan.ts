import type { PlanEdge, PlannedTopology, PlanNode } from "../../console/api/contract.ts";
import type { Topology } from "../../src/dsl/topology.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import type { OperatorDescription, TopologyDescription } from "../../src/plan/description.ts";

/** A real topology as an instance tells of it, drawn from its description. */
export function plannedOf(topology: Topology): PlannedTopology {
  const description = describe(compile(topology), topology);
  const tables = description.operators;
  const flows = [...description.streams, ...description.stages];
  const nodes = [
    ...tables.map((operator): PlanNode => ({
      id: idOf(operator.id),
      label: operator.name,
      kind: kindOf(operator),
      detail: detailOf(operator, description),
    })),
    ...flows.flatMap(({ name, operators }, index) =>
      operators.map((operator): PlanNode => ({
        id: flowId(operator.id),
        label: operator.name,
        kind: operator.op === "append"
          ? "sink"
          : operator.op === "output"
          ? "output"
          : operator.op === "events"
          ? "stream"
          : index >= description.streams.length
          ? "stage"
          : "operator",
        detail: [`${operator.op} at tasks of ${name}`],
      }))
    ),
  ];
  const edges = [
    ...tables.flatMap((operator) =>
      operator.inputs.map((input, side) => ({ from: idOf(input), to: idOf(operator.id), kind: wayOf(operator, side) }))
    ),
    ...flows.flatMap(({ operators }) =>
      operators.flatMap((operator) =>
        operator.inputs.map((input) => ({
          from: flowId(input),
          to: flowId(operator.id),
          kind: operator.op === "append" ? "write" as const : "local" as const,
        }))
      )
    ),
    ...stageEdges(description),
  ];
  return { name: topology.name, description, nodes, edges };
}

function idOf(operator: number): string {
  return `op${operator}`;
}

function flowId(operator: number): string {
  return `ev${operator}`;
}

function kindOf({ op, runsAt }: OperatorDescription): PlanNode["kind"] {
  if (op === "sink") return "sink";
  if (op !== "source") return "operator";
  return runsAt === "every instance" ? "global" : "source";
}

function detailOf(operator: OperatorDescription, { sources, sinks }: TopologyDescription): string[] {
  const source = sources.find(({ name }) => operator.op === "source" && name === operator.name);
  const sink = sinks.find(({ name }) => operator.op === "sink" && name === operator.name);
  const kind = operator.kind === undefined ? operator.op : `${operator.kind} ${operator.op}`;
  return [
    ...(source === undefined ? [] : [`topic ${source.topic}`, `columns ${source.columns.join(", ")}`]),
    ...(sink === undefined ? [] : [`shows the rows of ${sink.table}`, `key ${sink.key.join(", ")}`]),
    ...(source === undefined && sink === undefined ? [kind] : []),
    ...(operator.partner === undefined ? [] : [`partner ${operator.partner}`]),
    ...operator.totals ?? [],
    `at ${operator.runsAt}`,
  ];
}

function wayOf({ op, partner }: OperatorDescription, side: number): PlanEdge["kind"] {
  if (op === "sink") return "write";
  if (op === "aggregate") return "repartition";
  return side === 1 && (partner === "subscribed" || partner === "replicated") ? partner : "local";
}

function stageEdges({ streams, stages, operators }: TopologyDescription): PlanEdge[] {
  return stages.flatMap(({ name, inputs, operators: [first] }) => [
    ...[...streams, ...stages].flatMap((flow) =>
      flow.operators.filter((operator) => inputs.includes(operator.name) && operator.id !== first.id).map((input) => ({
        from: flowId(input.id),
        to: flowId(first.id),
        kind: "repartition" as const,
      }))
    ),
    ...operators.filter((operator) => operator.op === "folded" && operator.name === name).map((operator) => ({
      from: flowId(first.id),
      to: idOf(operator.id),
      kind: "local" as const,
    })),
  ]);
}
