import { count, max, sum } from "../../../src/dsl/aggregates.ts";
import { argMax, collect, topN } from "../../../src/dsl/ranked_aggregates.ts";
import { folding, reducingStream, type StreamAggregate } from "../../../src/dsl/stream_aggregates.ts";
import type { StreamAggregateNode } from "../../../src/dsl/stream_nodes.ts";
import { Windows, type WindowSpec } from "../../../src/dsl/windows.ts";
import type { Choices } from "../../oracle/random.ts";
import { type Arrived, nodeOf } from "./machine.ts";

/** What events hold. */
interface Value {
  readonly n: number;
  readonly text: string;
}

type Columns = Readonly<Record<string, StreamAggregate<Value, unknown>>>;

const path = (separator: string) =>
  folding({
    empty: () => "",
    add: (state, { text }: Value) => text === "end" ? null : `${state}${separator}${text}`,
    merge: (a, b) => `(${a}+${b})`,
    result: (state) => `<${state}>`,
  });

const full = (times: number) =>
  folding({
    empty: () => 0,
    add: (state, { n }: Value) => state + times * n > 9 ? null : state + times * n,
    merge: (a, b) => a + b,
  });

/** Each for one input, and for another one. */
const COLUMNS: readonly (readonly [Columns, Columns])[] = [
  [
    { count: count(), sum: sum(({ n }: Value) => n), most: max(({ n }: Value) => n) },
    { count: count(), sum: sum(({ n }: Value) => -n), most: max(({ n }: Value) => 10 * n) },
  ],
  [{ path: path("."), count: count() }, { path: path(","), count: count() }],
  // What is gone depends on what was there.
  [{ full: full(1), count: count() }, { full: full(2), count: count() }],
  [
    {
      top: topN(2, { by: ({ n }: Value) => n, value: ({ text }) => text }),
      last: argMax(({ n }: Value) => n, ({ text }) => text),
    },
    {
      top: topN(2, { by: ({ text }: Value) => text.length, value: ({ text }) => text }),
      last: argMax(({ n }: Value) => n, ({ n }) => n),
    },
  ],
  // Of many groups there are more: then an event is refused. So are those that add no integer.
  [
    { all: collect(({ text }: Value) => text, { by: ({ n }) => n, max: 4 }), sum: sum(({ n }: Value) => 6 / (n + 1)) },
    { all: collect(({ text }: Value) => text, { by: ({ n }) => n, max: 4 }), sum: sum(({ n }: Value) => n) },
  ],
  [
    { row: reducingStream((a: Value, b: Value) => ({ n: a.n + b.n, text: (a.text + b.text).slice(-5) })) },
    { row: reducingStream((a: Value, b: Value) => ({ n: a.n + b.n, text: b.text })) },
  ],
];

/** The table of a stream's newest values. */
const NEWEST: Columns = { row: { spec: { kind: "newest" } } };

function windowsOf(choices: Choices): WindowSpec | null {
  const graceUs = choices.of([0, 0, 3, 12]);
  const sizeUs = 1 + choices.int(12);
  switch (choices.int(6)) {
    case 0:
      return null;
    case 1:
      return { kind: "unlimited", startUs: 100, graceUs: 0 };
    case 2:
      return { kind: "time", sizeUs, advanceUs: sizeUs, graceUs };
    case 3:
      return { kind: "time", sizeUs, advanceUs: 1 + choices.int(sizeUs), graceUs };
    case 4:
      return { kind: "sliding", sizeUs, graceUs };
    default:
      return { kind: "session", gapUs: 1 + choices.int(6), graceUs };
  }
}

/** An aggregate of random windows. */
export function randomNode(choices: Choices): StreamAggregateNode {
  if (choices.chance(0.1)) return nodeOf({ inputs: [NEWEST] });
  const spec = windowsOf(choices);
  const closes = spec !== null && spec.kind !== "unlimited";
  return nodeOf({
    inputs: choices.of(COLUMNS).slice(0, 1 + choices.int(2)),
    ...spec === null ? {} : { windows: new Windows(spec) },
    emit: closes && choices.chance(0.5) ? "close" : "update",
  });
}

/** Events that come nearly in order, and some very late. */
export function randomEvents({ sides }: StreamAggregateNode, choices: Choices): Arrived[] {
  let now = 100;
  const newest = "row" in sides[0].aggregates && sides[0].aggregates.row.kind === "newest";
  return Array.from({ length: 10 + choices.int(60) }, () => {
    now += choices.of([0, 0, 1, 1, 2, 3, 12]);
    return {
      input: choices.int(sides.length),
      group: choices.of(["a", "b", "c"]),
      value: newest && choices.chance(0.3)
        ? choices.of([null, null, "no row", [1]])
        : { n: choices.int(6), text: choices.of(["x", "y", "z", "longer", "end"]) },
      at: now - (choices.chance(0.4) ? choices.int(choices.chance(0.2) ? 40 : 10) : 0),
    };
  });
}
