import { keyValueText } from "../record/key.ts";
import { aggregateProblems, streamAggregateProblems } from "./aggregate_problems.ts";
import type { ExpireAfterNode, LogicalNode, SinkNode } from "./logical.ts";
import { samplesOf } from "./sample_row.ts";
import type { Sample } from "./sample_value.ts";
import type { StreamNode } from "./stream_nodes.ts";

/** Numbers of the columns before those of further rows, which differ for that in all columns. */
const OTHER_ROWS = [40, 80];

/**
 * What would be wrong with every row, found with a row of the declared schemas: values that an aggregate cannot take,
 * columns that have the name of another one, rows that expire by what is no time, and a sink whose key columns do not
 * carry the key of its table.
 */
export function sampleProblems(
  topology: { readonly nodes: readonly LogicalNode[]; readonly streams: readonly StreamNode[] },
): string[] {
  const { ofTable: sampleOf, ofStream } = samplesOf(topology);
  // Rows of other values, for what must hold of several.
  const others = OTHER_ROWS.map((first) => samplesOf(topology, first).ofTable);
  const ofStreams = topology.streams.flatMap((node) =>
    node.op === "streamAggregate" ? streamAggregateProblems(node, node.inputs.map(ofStream)) : []
  );
  // A result that cannot be says nothing of what is made of it.
  return ofStreams.length > 0 ? ofStreams : topology.nodes.flatMap((node) => {
    if (node.op === "aggregate") {
      return aggregateProblems(node, [sampleOf, ...others].map((sample) => sample(node.input)));
    }
    if (node.op !== "sink" && node.op !== "expireAfter") return [];
    // A topic's keys need not be in its rows, unless they are groups'.
    if (node.op === "sink" && node.sink.output !== undefined && node.sink.key.length === 0) return [];
    const input = sampleOf(node.input);
    if (input === null) return [];
    return node.op === "sink" ? keyProblems(node, input) : timeProblems(node, input);
  });
}

function timeProblems({ name, time }: ExpireAfterNode, { row }: Sample): string[] {
  if (typeof time === "function" || ["number", "bigint"].includes(typeof row[time]) || row[time] === null) return [];
  const given = row[time] === undefined ? "no column of its rows" : "no column of numbers";
  return [
    `Rows of "${name}" expire by "${time}", which is ${given}. Name a column that holds microseconds since the ` +
    "epoch, such as timestamptz(), or give a function of the row",
  ];
}

function keyProblems({ sink }: SinkNode, { row, key, grouped }: Sample): string[] {
  // Of a source's table another number of columns is told where the sink's table is made.
  if (!grouped && (sink.output !== undefined || sink.key.length !== key.length)) return [];
  const columns = grouped ? [...sink.key].sort() : sink.key;
  const wrong = columns.filter((column, index) => !carries(row[column], key[index]?.value));
  if (wrong.length === 0 && columns.length === key.length) return [];
  const names = key.map(({ name }) => name).join(", ");
  const there = sink.output === undefined ? sink.columns : row;
  const carriers = key.map(({ name, value }) =>
    [name, ...Object.keys(there)].find((column) => column in there && carries(row[column], value))
  );
  const remedy = carriers.includes(undefined)
    ? `Keep ${names} in the row, and name in the key the columns that hold it`
    : sink.output !== undefined
    ? `Write key: z.object({ ${carriers.join(": ..., ")}: ... })`
    : `Write key: [${carriers.map((column) => JSON.stringify(column)).join(", ")}]`;
  return [
    `Sink "${sink.name}" has the key (${sink.key.join(", ")}), which is not the key of its table (${names}). ${remedy}`,
  ];
}

function carries(value: unknown, key: unknown): boolean {
  return value !== undefined && key !== undefined && textOf(value) === textOf(key);
}

/** Of a value that can be no key: another text than any key has. */
function textOf(value: unknown): string {
  try {
    return keyValueText(value);
  } catch (error) {
    if (error instanceof TypeError) return "no key";
    throw error;
  }
}
