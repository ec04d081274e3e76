import type { TopicSpec } from "../dsl/topic_sink.ts";
import type { Topology } from "../dsl/topology.ts";
import { parseIntegers } from "../formats/exact_json.ts";
import type { Bytes, Log } from "../ports/log.ts";
import { readHeaders, type RecordHeaders } from "../record/headers.ts";

/** A record of a topic that a topology has written to. */
export interface OutputTestRecord {
  /** As the topic declares it: a text, bytes, or what its JSON says; null: none. */
  readonly key: unknown;
  /** As the key. Integers beyond 2^53 are bigints. */
  readonly value: unknown;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  readonly headers: RecordHeaders;
  readonly partition: number;
  readonly offset: number;
}

/** The topic as this topology writes it: rows of a table have JSON as keys if nothing else is declared. */
export function writtenBy({ nodes }: Topology, spec: TopicSpec): TopicSpec {
  const ofRows = nodes.some((node) => node.op === "sink" && node.sink.output?.topic === spec.topic);
  return ofRows && !spec.keyDeclared ? { ...spec, key: "json" } : spec;
}

/** What a topic holds, by partition, in the order of offsets. None if there is no such topic. */
export async function outputRecords(
  log: Pick<Log, "topics" | "offsets" | "reader">,
  { topic, key: keyForm, value: valueForm }: TopicSpec,
): Promise<OutputTestRecord[]> {
  if (!(await log.topics([topic])).has(topic)) return [];
  const { start, end } = await log.offsets(topic);
  const found = end.map((): OutputTestRecord[] => []);
  const left = new Set(end.keys().filter((partition) => end[partition] > start[partition]));
  const reader = log.reader();
  for (const partition of left) reader.seek(topic, partition, start[partition]);
  while (left.size > 0) {
    for (const { partition, records, nextOffset } of await reader.poll(0)) {
      for (const { key, value, timestampMs, offset, headers } of records) {
        const read = { key: readAs(keyForm, key), value: readAs(valueForm, value), headers: readHeaders(headers) };
        found[partition].push({ ...read, timestampMs, partition, offset });
      }
      if (nextOffset >= end[partition] && left.delete(partition)) reader.stop(topic, partition);
    }
  }
  await reader.close();
  return found.flat();
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function readAs(form: TopicSpec["key"], bytes: Bytes | null): unknown {
  if (bytes === null) return null;
  if (form === "bytes") return typeof bytes === "string" ? encoder.encode(bytes) : bytes;
  const text = typeof bytes === "string" ? bytes : decoder.decode(bytes);
  return form === "text" ? text : parseIntegers(text);
}
