import {
  events,
  folding,
  hopping,
  type KStream,
  session,
  sliding,
  topology,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  type WindowOptions,
  type Windows,
} from "../../src/mod.ts";
import type { Case } from "./recorded.ts";
import { windowDifferences } from "./window_differences.ts";
import { EVENTS, Outputs, type RecastStream } from "./stream_outputs.ts";

const AGGREGATES = "stream('left') groupByKey: count -> count; reduce(p+','+q) -> reduce; " +
  "aggregate(init '[]', value ends in 4 ? null : agg+v) -> agg; " +
  "groupBy(even/odd value length, null for null value) count -> byLen";
const SUPPRESS = /^table\('left'\) suppress\(untilTimeLimit (\d+) ms, maxRecords (\d+), emitEarlyWhenFull\)$/;
const COGROUP = "cogroup(left: agg+'L'+v, right: agg+'R'+v) init '' aggregate";

/** The topology of an aggregate over streams that a case describes in words; null if any of them is not known. */
export function recastStateful(recorded: Case): RecastStream | null {
  const { op, ...rest } = recorded.topology;
  if (op === AGGREGATES && Object.keys(rest).length === 0) return aggregates();
  if (op === COGROUP && Object.keys(rest).length === 0) return cogroup();
  const [, limitMs, maxRecords] = SUPPRESS.exec(String(op)) ?? [];
  if (limitMs !== undefined && Object.keys(rest).length === 0) return suppress(Number(limitMs), Number(maxRecords));
  return windowed(recorded);
}

function aggregates(): RecastStream {
  const outputs = new Outputs();
  const declared = topology("aggregates", (builder) => {
    const left = builder.stream(EVENTS.left);
    const byKey = left.groupByKey("key");
    outputs.add("count", texts(builder.toStream(byKey.count("count")), ({ count }) => count));
    const rows = left.flatMapValues((value) => value === null ? [] : [{ value }]).groupByKey("key");
    const reduced = rows.reduce("reduce", (all, { value }) => ({ value: `${all.value},${value}` }));
    outputs.add("reduce", texts(builder.toStream(reduced), ({ value }) => value));
    const agg = folding({
      empty: () => "[]",
      add: (state, value: string) => value.endsWith("4") ? null : state + value,
    });
    outputs.add("agg", texts(builder.toStream(byKey.aggregate("agg", { agg })), (row) => row.agg));
    const byLength = left.groupBy((value) => ({ key: value.length % 2 === 0 ? "even" : "odd" })).count("byLen");
    outputs.add("byLen", texts(builder.toStream(byLength), ({ count }) => count));
  });
  return { topology: declared, results: outputs.results, byKeyAlone: true };
}

function cogroup(): RecastStream {
  const outputs = new Outputs();
  const side = (letter: string) => ({
    all: folding({ empty: () => "", add: (state, value: string) => state + letter + value }),
  });
  const declared = topology("cogroup", (builder) => {
    const all = builder.stream(EVENTS.left).groupByKey("key").cogroup(side("L"))
      .cogroup(builder.stream(EVENTS.right).groupByKey("key"), side("R")).aggregate("all");
    outputs.add("out", texts(builder.toStream(all), (row) => row.all));
  });
  return { topology: declared, results: outputs.results, byKeyAlone: true };
}

/** The newest value of each key, as a table of the topic has it: none, where that is null. */
function suppress(limitMs: number, maxRecords: number): RecastStream {
  const outputs = new Outputs();
  const newest = folding({ empty: () => "", add: (_, { value }: { readonly value: string | null }) => value });
  const declared = topology("suppress", (builder) => {
    const table = builder.stream(EVENTS.left).mapValues((value) => ({ value })).groupByKey("key")
      .aggregate("newest", { newest });
    const until = untilTimeLimit({ milliseconds: limitMs }, { maxRecords, whenFull: "emit" });
    outputs.add("out", texts(builder.toStream(table.suppress("late", until)), (row) => row.newest));
  });
  return { topology: declared, results: outputs.results };
}

/** Changes as they are recorded: the key's text, and what is shown of the row. */
function texts<R>(changes: KStream<{ readonly key: string }, R | null>, shown: (row: R) => string | number) {
  return changes.map((row, { key }) => [key, row === null ? null : String(shown(row))]);
}

/**
 * A recorded millisecond is a microsecond here, since sliding windows begin one unit behind an event: a millisecond
 * there, a microsecond in Weir.
 */
const UNIT = { unitUs: 1 };
const LEFT = events(EVENTS.left.spec.topic, {
  text: true,
  nullValues: true,
  time: (_, { timestampUs }) => timestampUs / 1_000,
});
const units = (count: number) => ({ milliseconds: count / 1_000 });

type WindowsOf = (options: WindowOptions) => Windows;

const WINDOWS: Readonly<Record<string, WindowsOf>> = {
  tumbling10: (options) => tumbling(units(10), options),
  hopping10by4: (options) => hopping(units(10), { ...options, every: units(4) }),
  sliding10: (options) => sliding(units(10), options),
  session5: (options) => session(units(5), options),
};

const EMITS: Readonly<Record<string, "update" | "close" | "suppress">> = {
  "ON_WINDOW_UPDATE": "update",
  "ON_WINDOW_CLOSE": "close",
  "suppress(untilWindowCloses, unbounded)": "suppress",
};

const LATE =
  "an event that is too late for all its windows counts once; Kafka Streams counts it for each window that " +
  "is closed, also where others take it";

function windowed(recorded: Case): RecastStream | null {
  const { op, graceMs, emit, outputKey, ...rest } = recorded.topology;
  const kind = /^stream groupByKey windowedBy\((\w+)\) count$/.exec(String(op))?.[1] ?? "";
  if (!(kind in WINDOWS) || !(String(emit) in EMITS) || typeof graceMs !== "number") return null;
  if (outputKey !== "key printed as [key@start/end]" || Object.keys(rest).length > 0) return null;
  const outputs = new Outputs(UNIT);
  const windows = WINDOWS[kind]({ grace: units(graceMs) });
  const declared = topology("windowed", (builder) => {
    const told = EMITS[String(emit)];
    const counted = builder.stream(LEFT).groupByKey("key").windowedBy(windows)
      .emit(told === "suppress" ? "update" : told).count("counts");
    const counts = told === "suppress" ? counted.suppress("closed", untilWindowCloses()) : counted;
    outputs.add(
      "out",
      builder.toStream(counts).map((row, { key, window_start, window_end }) => [
        `[${key}@${window_start}/${window_end}]`,
        row === null ? null : String(row.count),
      ]),
    );
  });
  return {
    topology: declared,
    results: outputs.results,
    instead: windowDifferences(recorded),
    droppedInstead: ({ own, recorded }) => /^(hopping|sliding)/.test(kind) && own < recorded ? LATE : null,
  };
}
