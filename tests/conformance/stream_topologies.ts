import { topology } from "../../src/mod.ts";
import type { Case, Step } from "./recorded.ts";
import { recastStateful } from "./stateful_topologies.ts";
import { EVENTS, Outputs, type RecastStream, resultText } from "./stream_outputs.ts";
import { EXTRACTOR, foreignKey, JOINER, SOURCES } from "./table_topologies.ts";

/** Kafka Streams' joins pass over events without a value; here the topology leaves them out before. */
const hasNoValue = ({ value }: Step) => value === null;

const STATELESS = {
  op: "one stream 'left' (and 'right' for merge) through every stateless operator, one output topic each",
  filter: "value non-null and even length",
  filterNot: "negation of filter",
  mapValues: "upper case, null -> 'NULL'",
  map: "(k,v)->(v,k)",
  flatMapValues: "null -> none, else [v, v+'!']",
  flatMap: "null -> none, else [(k,'1'+v),('x','2'+v)]",
  selectKey: "null -> 'none', else k+k",
  merge: "left merged with right",
  toTable: "toTable().toStream()",
  repartition: "through an internal repartition topic",
  split: "branchNull: value null; branchLow: value ends in 1 or 2; branchRest: default",
};

/** The topology that a case describes in words; null if any of them is not known. */
export function recast(recorded: Case): RecastStream | null {
  const { topology: words } = recorded;
  if (JSON.stringify(words) === JSON.stringify(STATELESS)) return stateless();
  const stateful = recastStateful(recorded);
  if (stateful !== null) return stateful;
  const { op, keyMapper, joiner, ...rest } = words;
  const table = /^stream-table (inner|left) join$/.exec(String(op));
  if (table !== null) return joiner === JOINER ? tableJoin(table[1] as TableJoinKind, rest) : null;
  const streams = /^stream-stream (inner|left|outer) join$/.exec(String(op));
  if (streams !== null) return joiner === JOINER ? streamJoin(streams[1] as JoinKind, rest) : null;
  const join = /^stream-globalTable (inner|left) join$/.exec(String(op));
  if (join === null || keyMapper !== EXTRACTOR || joiner !== JOINER || Object.keys(rest).length > 0) return null;
  return globalJoin(join[1] as TableJoinKind);
}

function stateless(): RecastStream {
  const outputs = new Outputs();
  const isEven = (value: string | null) => value !== null && value.length % 2 === 0;
  const declared = topology("stateless", (builder) => {
    const left = builder.stream(EVENTS.left);
    outputs.add("filter", left.filter(isEven));
    outputs.add("filterNot", left.filterNot(isEven));
    outputs.add("mapValues", left.mapValues((value) => value?.toUpperCase() ?? "NULL"));
    outputs.add("map", left.map((value, key) => [value, key]));
    outputs.add("flatMapValues", left.flatMapValues((value) => value === null ? [] : [value, `${value}!`]));
    outputs.add(
      "flatMap",
      left.flatMap((value, key) => value === null ? [] : [[key, `1${value}`], ["x", `2${value}`]] as const),
    );
    outputs.add("selectKey", left.selectKey((_, key) => key === null ? "none" : key + key));
    outputs.add("merge", left.merge(builder.stream(EVENTS.right)));
    const { branchNull, branchLow, rest } = left.split({
      branchNull: (value) => value === null,
      branchLow: (value) => /[12]$/.test(value!),
    });
    const newest = left.mapValues((value) => value === null ? null : { value }).toTable("newest", "key");
    outputs.add("toTable", builder.toStream(newest).map((row, { key }) => [key, row?.value ?? null]));
    outputs.add("repartition", left.repartition("repartitioned"));
    outputs.add("branchNull", branchNull);
    outputs.add("branchLow", branchLow);
    outputs.add("branchRest", rest);
  });
  return {
    topology: declared,
    results: outputs.results,
    droppedInstead: ({ own, recorded }) => own === recorded + 1 ? KEYLESS : null,
  };
}

const KEYLESS = "an event without a key is left out by repartition, and counted; Kafka Streams keeps it there";

type JoinKind = "inner" | "left" | "outer";

function streamJoin(
  kind: JoinKind,
  { beforeMs, afterMs, graceMs, window, ...rest }: Case["topology"],
): RecastStream | null {
  if (window !== "left at t matches right in [t-before, t+after]" || Object.keys(rest).length > 0) return null;
  const outputs = new Outputs();
  const length = (ms: unknown) => ({ milliseconds: Number(ms) });
  const declared = topology("stream-join", (builder) => {
    // Kafka Streams passes over records without a value, too.
    const side = (name: keyof typeof EVENTS) =>
      builder.stream(EVENTS[name]).flatMapValues((value) => value === null ? [] : [{ value }]);
    const [left, right] = [side("left"), side("right")];
    const key = (_: unknown, key: string | null) => key === null ? null : { key };
    const options = {
      on: [key, key] as const,
      within: { before: length(beforeMs), after: length(afterMs) },
      grace: length(graceMs),
    };
    const joined = kind === "outer"
      ? left.outerJoin({ left: "left", right: "right" }, right, options)
      : (kind === "left" ? left.leftJoin("right", right, options) : left.join("right", right, options))
        .mapValues(({ value, right }) => ({ left: { value }, right }));
    outputs.add(
      "out",
      joined.map(({ left, right }, key) => [key?.key ?? null, `${left?.value ?? null}-${right?.value ?? null}`]),
    );
  });
  return {
    topology: declared,
    results: outputs.results,
    late: (result) => /"(null-|[^"]*-null")/.test(result),
    leavesOut: hasNoValue,
    droppedInstead: ({ own, recorded, late }) => own - late === recorded ? LATE : null,
  };
}

const LATE = "an event that is too late to be kept, and finds no partner, is counted; Kafka Streams does not";

type TableJoinKind = "inner" | "left";

function tableJoin(
  kind: TableJoinKind,
  { tableStore, graceMs, ...rest }: Case["topology"],
): RecastStream | null {
  const [, plain, history] = /^(?:(plain)|versioned \((\d+) ms\))$/.exec(String(tableStore)) ?? [];
  if (plain === history || (plain !== undefined && graceMs !== null) || Object.keys(rest).length > 0) return null;
  const outputs = new Outputs();
  const declared = topology("table-join", (builder) => {
    // Kafka Streams passes over records without a value, too.
    const left = builder.stream(EVENTS.left).flatMapValues((value) => value === null ? [] : [{ value }]);
    const right = builder.table(SOURCES.right);
    // The inner join's key is null at times here, which its type does not allow: such events must be left out.
    const on = (_: unknown, key: string | null) => key as string;
    const options = plain !== undefined ? on : {
      on,
      versioned: { milliseconds: Number(history) },
      ...graceMs === null ? {} : { grace: { milliseconds: Number(graceMs) } },
    };
    const joined = kind === "left" ? left.leftJoin("right", right, options) : left.join("right", right, options);
    outputs.add("out", joined.map(({ value, right }, key) => [key?.id ?? null, `${value}-${right?.value ?? null}`]));
  });
  return {
    topology: declared,
    results: outputs.results,
    tables: ["right"],
    byKeyAlone: graceMs === null,
    leavesOut: (step) => step.topic === "left" && hasNoValue(step),
  };
}

function globalJoin(kind: TableJoinKind): RecastStream {
  const outputs = new Outputs();
  const declared = topology("global-join", (builder) => {
    // Kafka Streams passes over records without a value, too.
    const left = builder.stream(EVENTS.left).flatMapValues((value) => value === null ? [] : [{ value }]);
    const right = builder.globalTable(SOURCES.right);
    const joined = kind === "left"
      ? left.leftJoin("right", right, ({ value }) => foreignKey(value))
      : left.join("right", right, ({ value }) => foreignKey(value) as string);
    outputs.add("out", joined.mapValues(({ value, right }) => `${value}-${right?.value ?? null}`));
  });
  return {
    topology: declared,
    results: outputs.results,
    instead: ({ key, value, ts, out }, own) => {
      const alone = foreignKey(String(value)) === null &&
        own.join() === resultText(key, { value: `${value}-null`, ms: ts });
      return alone && out.length === 0 && kind === "left" ? NULL_KEY : null;
    },
    droppedInstead: ({ own, recorded, declared }) => own + declared === recorded ? NULL_KEY : null,
    leavesOut: (step) => step.topic === "left" && hasNoValue(step),
    tables: ["right"],
  };
}

const NULL_KEY =
  "a left join keeps an event whose foreign key is null; Kafka Streams does only where its own key is null";
