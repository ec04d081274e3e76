import { type AppendSink, clickhouseAppend, events, type KStream, type Topology } from "../../src/mod.ts";
import type { Step } from "./recorded.ts";
import type { SOURCES } from "./table_topologies.ts";

const event = (name: string) => events(`recorded.${name}`, { text: true, nullValues: true });

/** The recorded topics, as streams of texts by text key. */
export const EVENTS = { left: event("left"), right: event("right") };

/** What is shown of a result: key and value, as texts. */
export type Texts = KStream<string | null, string | null>;

/** Records that changed nothing. */
export interface DropCounts {
  readonly recorded: number;
  readonly own: number;
  /** Of `own`: those that came too late. */
  readonly late: number;
  /** Steps whose results differ for a reason that was told. */
  readonly declared: number;
}

/** A topology of Weir for a recorded one, and where its results are: output topic to sink. */
export interface RecastStream {
  readonly topology: Topology;
  readonly results: Readonly<Record<string, AppendSink<never>>>;
  /** Output topics that Weir has no counterpart of, and why. */
  readonly without?: Readonly<Record<string, string>>;
  /** Why Weir gives these results of a step instead of those recorded; null if it must not. */
  readonly instead?: (step: Step, own: readonly string[]) => string | null;
  /** Results that Kafka Streams may tell later than it could: compared over the whole case, not step by step. */
  readonly late?: (result: string) => boolean;
  /** Steps whose record the topology itself leaves out, where Kafka Streams drops it. */
  readonly leavesOut?: (step: Step) => boolean;
  /** Why Weir counts so many records as left out, and not those recorded; null if it must not. */
  readonly droppedInstead?: (counts: DropCounts) => string | null;
  /** The recorded topics that are tables. */
  readonly tables?: readonly (keyof typeof SOURCES)[];
  /** Whether results depend on the records of their key alone, and so on no number of partitions. */
  readonly byKeyAlone?: boolean;
}

const COLUMNS = { key: "Nullable(String)", value: "Nullable(String)", at: "Int64" } as const;

/** Collects the outputs of one topology. `unitUs`: what a recorded millisecond is. */
export class Outputs {
  readonly results: Record<string, AppendSink<never>> = {};
  readonly #unitUs: number;

  constructor({ unitUs = 1_000 } = {}) {
    this.#unitUs = unitUs;
  }

  add(topic: string, stream: Texts): void {
    const sink = clickhouseAppend(topic, { columns: COLUMNS, orderBy: ["at"] });
    this.results[topic] = sink as AppendSink<never>;
    stream.mapValues((value, key, { timestampUs }) => ({ key, value, at: timestampUs / this.#unitUs })).to(sink);
  }
}

/** A result as text: key, value and milliseconds. */
export function resultText(key: unknown, { value, ms }: { readonly value: unknown; readonly ms: number }): string {
  return JSON.stringify([key, value === null ? null : String(value), ms]);
}

/** What a step caused in Kafka Streams, as texts. */
export function causedBy({ out }: Step, output: string): string[] {
  return out.filter(({ topic = "out" }) => topic === output)
    .map(({ key, value, ts }) => resultText(key, { value, ms: ts }));
}
