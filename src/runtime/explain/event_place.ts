import type { EventFlow, PhysicalPlan, StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import { topicOf } from "../../record/source_name.ts";
import type { AskedKey } from "./read_key.ts";

/** What is asked of a table that events are added to: the record at a place, or the newest one of a key. */
export type AskedEvent = { readonly kind: "place"; readonly place: Position } | {
  readonly kind: "key";
  /** As it was typed. */
  readonly text: string;
};

/** Where the events of an append table come from. */
export interface EventSources {
  /** Streams whose events come to it, also through stages. */
  readonly streams: readonly StreamPlan[];
  /** Stages that bring out rows of it, and those before them. */
  readonly stages: readonly StagePlan[];
}

/** All that leads to a sink. */
export function sourcesOf({ streams, stages }: PhysicalPlan, sink: string): EventSources {
  const leads = new Set<StagePlan>();
  const isOnTheWay = ({ sinks, shuffles }: EventFlow) =>
    sinks.some(({ name }) => name === sink) || shuffles.some(({ stage }) => leads.has(stages[stage]));
  for (let before = -1; before < leads.size;) {
    before = leads.size;
    for (const stage of stages) if (isOnTheWay(stage)) leads.add(stage);
  }
  return {
    // Changes of a table that a join takes are no events of their own.
    streams: streams.filter((stream) => stream.changes === undefined && isOnTheWay(stream)),
    stages: stages.filter((stage) => leads.has(stage)),
  };
}

/** Names under which the parts of a place may be given: an append table has them as columns, too. */
const PLACE_NAMES = {
  topic: ["topic", "_source"],
  partition: ["partition", "_partition"],
  offset: ["offset", "_offset"],
};

/**
 * What is meant: `topic/partition/offset`, or `partition/offset` where there is one topic; the three of them by name,
 * or as a JSON array; all else is the key of a record, and so is what is given as `key`.
 * @throws TypeError for a place that is incomplete, and in a topic whose events do not come to the table
 */
export function askedEvent(asked: AskedKey, { streams, stages }: EventSources): AskedEvent {
  const topics = [...streams.map(({ source }) => source.topic), ...stages.map(({ repartition }) => repartition)];
  const first = streams.length === 1 ? streams[0].source.topic : topics.length === 1 ? topics[0] : null;
  if (typeof asked !== "string") return byNames(asked, { topics, first });
  const parts = partsOf(asked);
  const [topic = first, partition, offset] = parts.length === 2 ? [undefined, ...parts] : parts;
  const isPlace = topic !== null && topics.includes(topicOf(topic)) && isNumber(partition) && isNumber(offset);
  if (!isPlace) return { kind: "key", text: asked };
  return { kind: "place", place: placeIn(topicOf(topic), { partition, offset }) };
}

/** The last two, and what comes before; one part for what has no such form. */
function partsOf(text: string): readonly string[] {
  if (text.startsWith("[")) {
    const values = valuesIn(text);
    if (values !== null && (values.length === 2 || values.length === 3)) return values.map(String);
  }
  const [, topic, partition, offset] = /^(?:(.+)\/)?(\d+)\/(\d+)$/.exec(text) ?? [];
  if (partition === undefined) return [text];
  return topic === undefined ? [partition, offset] : [topic, partition, offset];
}

function valuesIn(text: string): readonly unknown[] | null {
  try {
    const values: unknown = JSON.parse(text);
    return Array.isArray(values) ? values : null;
  } catch {
    return null;
  }
}

function byNames(
  asked: Readonly<Record<string, string>>,
  { topics, first }: { readonly topics: readonly string[]; readonly first: string | null },
): AskedEvent {
  const names = Object.keys(asked);
  if (names.length === 1 && names[0] === "key") return { kind: "key", text: asked.key };
  const given = ([one, other]: readonly string[]): string | undefined => asked[one] ?? asked[other];
  const [partition, offset] = [given(PLACE_NAMES.partition), given(PLACE_NAMES.offset)];
  const topic = given(PLACE_NAMES.topic) ?? first ?? undefined;
  const known = Object.values(PLACE_NAMES).flat();
  if (
    topic === undefined || !isNumber(partition) || !isNumber(offset) || !names.every((name) => known.includes(name))
  ) {
    throw new TypeError(
      `Cannot look for an event by ${
        names.join(", ")
      }: give topic, partition and offset, as "topic/partition/offset", ` +
        "or the key of its record as key",
    );
  }
  if (topics.includes(topicOf(topic))) return { kind: "place", place: placeIn(topicOf(topic), { partition, offset }) };
  throw new TypeError(`Cannot look for an event in "${topic}": those of the table come from ${topics.join(", ")}`);
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

function placeIn(
  topic: string,
  { partition, offset }: { readonly partition: string; readonly offset: string },
): Position {
  return { topic, partition: Number(partition), offset: Number(offset) };
}

/** Whether the key of a record, as its stream reads it, is the one that was typed. */
export function isAskedKey(key: unknown, text: string): boolean {
  if (key === null || key === undefined || key instanceof Uint8Array) return false;
  if (typeof key !== "object") return String(key) === text;
  const values = Object.values(key);
  if (values.length === 1 && String(values[0]) === text) return true;
  const given = valuesIn(text);
  if (given !== null) return texts(given) === texts(values);
  return text.startsWith("{") && isSameObject(key, text);
}

function isSameObject(key: object, text: string): boolean {
  try {
    const given: unknown = JSON.parse(text);
    const sorted = (one: unknown) => texts(Object.entries(one as object).sort(([a], [b]) => a < b ? -1 : 1).flat());
    return typeof given === "object" && given !== null && sorted(given) === sorted(key);
  } catch {
    return false;
  }
}

function texts(values: readonly unknown[]): string {
  return JSON.stringify(values.map(String));
}

/** A place as it is asked for, and as dead letters are about it. */
export function placeText({ topic, partition, offset }: Position): string {
  return `${topic}/${partition}/${offset}`;
}
