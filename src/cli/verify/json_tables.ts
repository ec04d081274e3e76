import type { SourceSpec } from "../../dsl/source.ts";
import type { Topology } from "../../dsl/topology.ts";
import { createDecoder } from "../../formats/decoder.ts";
import type { Log } from "../../ports/log.ts";
import { ConfigError, DeserializationError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { recordsOf } from "./event_records.ts";

/** Whether a topology reads a topic of plain JSON as a table: its truth is the topic. */
export function readsJsonTables({ nodes }: Topology): boolean {
  return nodes.some((node) => node.op === "source" && isJsonTable(node.source));
}

/** Whether the source is a topic of plain JSON. */
export function isJsonTable({ format }: SourceSpec): boolean {
  return format?.plain === true;
}

/**
 * The rows of a topic of plain JSON: of each key the newest record. A newest record that cannot be read has no row, as
 * for the engine.
 * @throws ConfigError if there is no such topic. @throws ProductionError if it cannot be read
 */
export async function jsonTableRows(
  log: Log,
  source: SourceSpec,
): Promise<{ readonly rows: readonly (readonly [Key, Row])[]; readonly refused: number }> {
  const { name, topic, key, row, format } = source;
  if (!(await log.topics([topic])).has(topic)) throw new ConfigError([`Cannot verify: topic "${topic}" is not there`]);
  const decoder = createDecoder({ source: name, key, row, format });
  const rows = new Map<Key, Row>();
  const unread = new Set<Key>();
  let keyless = 0;
  for (const partition of await recordsOf(log, topic, await log.offsets(topic))) {
    for (const record of partition) {
      const at = decoder.keyOf(record.key);
      if (at === null) {
        keyless++;
        continue;
      }
      unread.delete(at);
      rows.delete(at);
      try {
        const decoded = decoder.decode(record);
        if (decoded.kind === "upsert") rows.set(decoded.key, decoded.row);
      } catch (error) {
        if (!(error instanceof DeserializationError)) throw error;
        unread.add(at);
      }
    }
  }
  return { rows: [...rows], refused: unread.size + keyless };
}
