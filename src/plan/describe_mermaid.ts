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
  return `${[...lines, ...streamLines(description)].join("\n")}\n`;
}

/** Each stream and each stage in a box of its tasks. A merge stands in the boxes of all streams that it takes. */
function streamLines({ streams, stages, operators: ofTables, sinks, outputs }: TopologyDescription): string[] {
  const tables = sinks.filter(({ holds }) => holds === "events").map(({ name }) => name);
  const topics = outputs.filter(({ holds }) => holds === "events").map(({ topic }) => topic);
  const lines = [
    ...tables.map((name, index) => `  table${index}[("${name}<br/>ClickHouse")]`),
    ...topics.map((topic, index) => `  output${index}[("${topic}")]`),
  ];
  const flows = [...streams, ...stages];
  for (const [index, { name, operators }] of flows.entries()) {
    const own = operators.filter(({ op }) => op !== "append" && op !== "output");
    lines.push(
      `  subgraph stream${index}["${name}, one task for each partition"]`,
      ...own.map(({ id, name, op, kind }) =>
        `    ev${index}_${id}["${name}<br/>${kind === undefined ? op : `${kind} ${op}`}"]`
      ),
      "  end",
    );
    for (const { id, name, op, inputs, right } of operators) {
      const to = op === "append"
        ? `table${tables.indexOf(name)}`
        : op === "output"
        ? `output${topics.indexOf(name)}`
        : `ev${index}_${id}`;
      if (op === "events") lines.push(`  events${index}[("${streams[index].topic}")] --> ${to}`);
      lines.push(...inputs.map((input) => `  ev${index}_${input} --> ${to}`));
      if (right !== undefined) lines.push(`  op${right} -- replicated --> ${to}`);
    }
  }
  for (const [at, { operators: [{ id, name }], inputs }] of stages.entries()) {
    const stage = `ev${streams.length + at}_${id}`;
    for (const [index, { operators }] of flows.entries()) {
      for (const input of operators.filter((operator) => inputs.includes(operator.name) && operator.id !== id)) {
        lines.push(`  ev${index}_${input.id} -- by group --> ${stage}`);
      }
    }
    const table = ofTables.find((operator) => operator.op === "folded" && operator.name === name);
    if (table !== undefined) lines.push(`  ${stage} --> op${table.id}`);
  }
  return lines;
}

function box({ id, name, op, kind, expires, part, totals }: OperatorDescription): string {
  const details = expires === undefined ? part ?? totals?.join(", ") : `until ${expires}`;
  const text = `${name}<br/>${kind === undefined ? op : `${kind} ${op}`}${
    details === undefined ? "" : `<br/>${details}`
  }`;
  // What begins so is a topic.
  if (op === "sink") return `op${id}[("${name.startsWith("topic ") ? name : `${name}<br/>ClickHouse`}")]`;
  return ["aggregate", "selectKey", "flatMapValues"].includes(op) ? `op${id}[["${text}"]]` : `op${id}["${text}"]`;
}

function arrow({ partner }: OperatorDescription, side: number): string {
  if (side === 0 || partner === undefined) return "-->";
  return partner === "subscribed" ? `-. subscribed .->` : `-- ${partner} -->`;
}
