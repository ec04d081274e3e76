import { type AppendSink, clickhouseAppend, events, type KStream, type Topology, topology } from "../../src/mod.ts";
import type { Case, Step } from "./recorded.ts";
import { EXTRACTOR, foreignKey, JOINER, SOURCES } from "./table_topologies.ts";

const event = (name: string) => events(`recorded.${name}`, { text: true, nullValues: true });

/** The recorded topics, as streams of texts by text key. */
export const EVENTS = { left: event("left"), right: event("right") };

type Texts = KStream<string | null, string | null>;

const COLUMNS = { key: "Nullable(String)", value: "Nullable(String)", at: "Int64" } as const;

/** A topology of Weir for a recorded one, and where its results are: output topic to sink. */
export interface RecastStream {
  readonly topology: Topology;
  readonly results: Readonly<Record<string, AppendSink<never>>>;
  /** Output topics that Weir has no counterpart of, and why. */
  readonly without: Readonly<Record<string, string>>;
  /** Why Weir gives these results of a step, and Kafka Streams none; null if it must not. */
  readonly onlyHere?: (step: Step, results: readonly string[]) => string | null;
  /** Results that Kafka Streams may tell later than it could: compared over the whole case, not step by step. */
  readonly late?: (result: string) => boolean;
  /** The recorded topics that are tables. */
  readonly tables: readonly (keyof typeof SOURCES)[];
}

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
export function recast({ topology: words }: Case): RecastStream | null {
  if (JSON.stringify(words) === JSON.stringify(STATELESS)) return stateless();
  const { op, keyMapper, joiner, ...rest } = words;
  const streams = /^stream-stream (inner|left|outer) join$/.exec(String(op));
  if (streams !== null) return joiner === JOINER ? streamJoin(streams[1] as JoinKind, rest) : null;
  const join = /^stream-globalTable (inner|left) join$/.exec(String(op));
  if (join === null || keyMapper !== EXTRACTOR || joiner !== JOINER || Object.keys(rest).length > 0) return null;
  return globalJoin(join[1] as "inner" | "left");
}

/** Collects the outputs of one topology. */
class Outputs {
  readonly results: Record<string, AppendSink<never>> = {};

  add(topic: string, stream: Texts): void {
    const sink = clickhouseAppend(topic, { columns: COLUMNS, orderBy: ["at"] });
    this.results[topic] = sink as AppendSink<never>;
    stream.mapValues((value, key, { timestampUs }) => ({ key, value, at: timestampUs })).to(sink);
  }
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
    outputs.add("branchNull", branchNull);
    outputs.add("branchLow", branchLow);
    outputs.add("branchRest", rest);
  });
  const without = { toTable: "streams have no toTable() yet", repartition: "streams have no repartition() yet" };
  return { topology: declared, results: outputs.results, without, tables: [] };
}

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
    without: {},
    late: (result) => /"(null-|[^"]*-null")/.test(result),
    tables: [],
  };
}

function globalJoin(kind: "inner" | "left"): RecastStream {
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
    without: {},
    onlyHere: ({ key, value, ts }, results) => {
      const alone = foreignKey(String(value)) === null && results.join() === JSON.stringify([key, `${value}-null`, ts]);
      return alone && kind === "left" ? NULL_KEY : null;
    },
    tables: ["right"],
  };
}

const NULL_KEY =
  "a left join keeps an event whose foreign key is null; Kafka Streams does only where its own key is null";
