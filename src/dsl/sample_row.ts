import type { AggregateNode, LogicalNode, SourceNode } from "./logical.ts";
import { attempt, keyValueOf, ofTotal, type Sample, sampleColumns } from "./sample_value.ts";
import type { StreamNode } from "./stream_nodes.ts";
import { type StreamSample, streamSamples } from "./stream_samples.ts";

/** Samples of a topology's tables, and of the events of its streams, by the ids of their nodes. */
export interface Samples {
  readonly ofTable: (node: number) => Sample | null;
  readonly ofStream: (node: number) => StreamSample | null;
}

/**
 * Makes a row of each node that its declaration leads to: of a source from its schema, further down by running the
 * callbacks once. Values differ from column to column. Null where a callback or a schema does not take such a row:
 * then nothing is known before real rows come. `first`: of how many columns the values are left out, so that rows of
 * another number differ in all of them.
 */
export function samplesOf(
  { nodes, streams }: { readonly nodes: readonly LogicalNode[]; readonly streams: readonly StreamNode[] },
  first = 0,
): Samples {
  const known = new Map<number, Sample | null>();
  let columns = first;
  const sampleOf = (id: number): Sample | null => {
    let sample = known.get(id);
    if (sample === undefined) known.set(id, sample = attempt(() => derived(nodes[id])));
    return sample;
  };
  const derived = (node: LogicalNode): Sample | null => {
    if (node.op === "source") {
      const sample = ofSource(node, columns);
      columns += Object.keys(sample.row).length;
      return sample;
    }
    if (node.op === "folded") return stream.resultOf(node.stream);
    const input = sampleOf(node.input);
    if (input === null) return null;
    switch (node.op) {
      case "filter":
      case "filterNot":
      case "expireAfter":
      case "sink":
        return input;
      case "union":
        // What is wrong with every row of one side is wrong.
        return input;
      case "mapValues":
        return { ...input, row: { ...node.mapper({ ...input.row }, keyValueOf(input.key)) } };
      case "aggregate":
        return ofGroup(node, input);
      case "selectKey":
        return rekeyed(input, node.selector({ ...input.row }, keyValueOf(input.key)));
      case "flatMapValues":
        // Of a made-up number a callback may make as many parts.
        return null;
    }
    const right = sampleOf(node.right);
    if (right === null) return null;
    const left = node.op === "keyJoin" && node.leftColumn !== null ? { [node.leftColumn]: input.row } : input.row;
    const floats = new Map([...input.floats, ...right.floats]);
    return { ...input, row: { ...left, [node.column]: right.row }, floats };
  };
  const stream = streamSamples(streams, {
    tableOf: sampleOf,
    columnsOf: (count) => (columns += count) - count,
  });
  return { ofTable: sampleOf, ofStream: stream.eventOf };
}

/** `first`: number of columns that have values already. @throws TypeError for a schema that takes no known value */
function ofSource({ source }: SourceNode, first: number): Sample {
  const { row, floats } = sampleColumns({ name: source.name, shape: source.row.shape }, first);
  return { row, key: source.key.map((name) => ({ name, value: row[name] })), grouped: false, floats };
}

function ofGroup(node: AggregateNode, input: Sample): Sample | null {
  const group = node.groupBy({ ...input.row }, keyValueOf(input.key));
  if (group === null || Object.values(group).includes(undefined)) return null;
  const totals = Object.entries(node.aggregates).map(([name, spec], index) => [
    name,
    ofTotal(spec, { number: index + 1, input }),
  ]);
  const key = Object.keys(group).sort().map((name) => ({ name, value: group[name] }));
  return { row: { ...group, ...Object.fromEntries(totals) }, key, grouped: true, floats: input.floats };
}

/** The row under a key of these columns; null for none. */
function rekeyed(input: Sample, columns: Readonly<Record<string, unknown>> | null): Sample | null {
  if (columns === null || Object.values(columns).includes(undefined)) return null;
  const key = Object.keys(columns).sort().map((name) => ({ name, value: columns[name] }));
  return { row: { ...input.row, ...columns }, key, grouped: true, floats: input.floats };
}
