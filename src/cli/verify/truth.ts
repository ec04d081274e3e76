import type { SourceNode } from "../../dsl/logical.ts";
import type { SourceSpec } from "../../dsl/source.ts";
import type { Topology } from "../../dsl/topology.ts";
import { createDecoder } from "../../formats/decoder.ts";
import { mergedSource } from "../../plan/units.ts";
import { DeserializationError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Log } from "../../ports/log.ts";
import type { Row } from "../../record/row.ts";
import { isJsonTable, jsonTableRows } from "./json_tables.ts";

/** One source row as Debezium would write it: key and `after` as JSON texts. */
export interface WireRow {
  readonly key: string;
  readonly after: string;
}

/** The tables at one instant, whatever they are kept in. */
export interface Truth {
  /** What it is, for messages: `PostgreSQL 127.0.0.1:5432/online_store`. */
  readonly name: string;
  /** All rows of the table behind a topic. @throws ConfigError when there is no such table */
  rows(source: SourceSpec): Promise<Iterable<WireRow>>;
  close(): Promise<void>;
}

/** Rows of every source topic of a topology, decoded as the engine decodes them. */
export interface SourceRows {
  read(topic: string): Iterable<readonly [Key, Row]>;
  /** Rows that the engine cannot read either, so that they are no part of the truth. */
  readonly refused: number;
}

/** Where nothing is computed of tables. */
export const NO_SOURCES: SourceRows = { read: () => [], refused: 0 };

/** Loads what a topology reads, with the columns that it picks. */
export async function loadSources(
  topology: Topology,
  { truth, log }: { readonly truth: Truth; readonly log: Log | string },
): Promise<SourceRows> {
  const tables = new Map<string, readonly (readonly [Key, Row])[]>();
  let refused = 0;
  for (const node of topology.nodes) {
    if (node.op !== "source" || tables.has(node.source.topic)) continue;
    const source = wholeSource(topology, node);
    if (isJsonTable(source) && typeof log !== "string") {
      const found = await jsonTableRows(log, source);
      tables.set(source.topic, found.rows);
      refused += found.refused;
      continue;
    }
    const found = await truthRows(truth, source);
    tables.set(source.topic, found.rows);
    refused += found.refused;
  }
  return { read: (topic) => tables.get(topic) ?? [], refused };
}

/** All rows of a source, decoded as the engine decodes them, and how many it cannot read. */
export async function truthRows(
  truth: Truth,
  source: SourceSpec,
): Promise<{ readonly rows: readonly (readonly [Key, Row])[]; readonly refused: number }> {
  const read = wireReader(source);
  const rows: (readonly [Key, Row])[] = [];
  let refused = 0;
  for (const row of await truth.rows(source)) {
    const decoded = read(row);
    if (decoded === "refused") refused++;
    else if (decoded !== null) rows.push(decoded);
  }
  return { rows, refused };
}

/** What makes a row of a source from the texts of its truth; `refused`: the engine cannot read it either. */
export function wireReader(source: SourceSpec): (row: WireRow) => readonly [Key, Row] | "refused" | null {
  // The truth has bytes in base64, whatever the connector writes.
  const format = source.format?.binary === undefined ? undefined : { binary: "bytes" } as const;
  const decoder = createDecoder({ source: source.name, key: source.key, row: source.row, format });
  return ({ key, after }) => {
    try {
      const decoded = decoder.decode({ key, value: `{"before":null,"after":${after},"source":{},"op":"r"}` });
      return decoded.kind === "upsert" ? [decoded.key, decoded.row] : null;
    } catch (error) {
      if (!(error instanceof DeserializationError)) throw error;
      return "refused";
    }
  };
}

/** All columns that any use of the topic picks, as partitioned or as global table. */
export function wholeSource(topology: Topology, of: SourceNode): SourceSpec {
  const twin = topology.nodes.find((node): node is SourceNode =>
    node.op === "source" && node.source.topic === of.source.topic && node.global !== of.global
  );
  const own = mergedSource(topology, of);
  if (twin === undefined) return own;
  return { ...own, row: own.row.extend(mergedSource(topology, twin).row.shape) as SourceSpec["row"] };
}
