import type { z } from "zod";
import type { Topology } from "../dsl/topology.ts";
import type { EventSpec } from "../dsl/events.ts";
import type { SourceSpec } from "../dsl/source.ts";
import type { EncodedTopic } from "../ports/schemas.ts";

/** The topics of a topology that are written through a schema registry, each once. */
export function encodedTopics({ nodes, streams }: Pick<Topology, "nodes" | "streams">): EncodedTopic[] {
  const topics = new Map<string, EncodedTopic>();
  const add = (topic: EncodedTopic | null) =>
    topic !== null && topics.set(topic.topic, merged(topics.get(topic.topic), topic));
  for (const node of streams) {
    if (node.op !== "events" || node.source.internal) continue;
    add(node.source.changes === null ? ofEvents(node.source) : ofTable(node.source.changes.source));
  }
  for (const node of nodes) if (node.op === "source") add(ofTable(node.source));
  return [...topics.values()];
}

function ofTable({ topic, row, registry }: SourceSpec): EncodedTopic | null {
  if (registry === undefined) return null;
  const nullable = nullableOf(row);
  return { topic, key: registry === "all" ? "with_schema" : null, value: "with_schema", nullable, keyed: true };
}

function ofEvents({ topic, key, value, registry }: EventSpec): EncodedTopic | null {
  if (registry === undefined) return null;
  const keyForm = registry === "values" || key === "bytes" ? null : key === "text" ? "text" : "json";
  const [valueForm, nullable] = typeof value === "object"
    ? ["with_schema", nullableOf(value)] as const
    : [value === "bytes" ? "bytes" : "json", []] as const;
  return { topic, key: keyForm, value: valueForm, nullable, keyed: false };
}

/** One topic may be a source with some of its columns, and with others. */
function merged(known: EncodedTopic | undefined, topic: EncodedTopic): EncodedTopic {
  if (known === undefined || known.keyed !== topic.keyed) return topic;
  return { ...topic, nullable: [...new Set([...known.nullable, ...topic.nullable])] };
}

function nullableOf(row: z.ZodObject): string[] {
  return Object.entries(row.shape).flatMap(([name, schema]) =>
    (schema as z.ZodType).safeParse(null).success ? [name] : []
  );
}
