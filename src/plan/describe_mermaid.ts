import type { OperatorDescription, TopologyDescription } from "./description.ts";

/**
 * The description as a Mermaid flowchart: operators in the boxes of the tasks that evaluate them, joins labelled by how
 * partners come.
 */
export function describeMermaid(description: TopologyDescription): string {
  const { operators, sources } = description;
  const places = [...new Set(operators.map((operator) => operator.runsAt))];
  const topics = new Map(sources.map(({ name, topic }) => [name, topic]));
  const lines = ["flowchart LR"];
  for (const [index, place] of places.entries()) {
    lines.push(`  subgraph at${index}["${place}"]`);
    for (const operator of operators) {
      if (operator.runsAt === place && operator.op !== "sink") lines.push(`    ${box(operator)}`);
    }
    lines.push("  end");
  }
  for (const operator of operators) {
    if (operator.op === "source") {
      lines.push(`  topic${operator.id}[("${topics.get(operator.name) ?? operator.name}")] --> op${operator.id}`);
    }
    if (operator.op === "sink") lines.push(`  ${box(operator)}`);
    operator.inputs.forEach((input, side) => lines.push(`  op${input} ${arrow(operator, side)} op${operator.id}`));
  }
  return `${lines.join("\n")}\n`;
}

function box({ id, name, op, kind, expires, totals }: OperatorDescription): string {
  const details = expires === undefined ? totals?.join(", ") : `until ${expires}`;
  const text = `${name}<br/>${kind === undefined ? op : `${kind} ${op}`}${
    details === undefined ? "" : `<br/>${details}`
  }`;
  if (op === "sink") return `op${id}[("${name}<br/>ClickHouse")]`;
  return op === "aggregate" ? `op${id}[["${text}"]]` : `op${id}["${text}"]`;
}

function arrow({ partner }: OperatorDescription, side: number): string {
  if (side === 0 || partner === undefined) return "-->";
  return partner === "subscribed" ? `-. subscribed .->` : `-- ${partner} -->`;
}
