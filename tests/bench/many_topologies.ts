import { z } from "zod";
import { clickhouse, debezium, int8, type Topology, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";

const KEPT = { cleanup: "compact", retentionMs: -1 } as const;
const RECORDS_OF_APPEND = 5_000;

/** What is run: every topology reads the same two topics, as departments that share a database do. */
export interface ManySize {
  readonly topologies: number;
  readonly partitions: number;
  /** Rows of the topic that has partitions. */
  readonly rows: number;
  /** Rows of the global one. */
  readonly globalRows: number;
}

/** Topologies of one process, each with tables of its own, and the topics that all of them read. */
export interface ManyTopologies {
  readonly topologies: readonly Topology[];
  /** Creates and fills the topics. */
  fill(log: Log): Promise<void>;
  /** Appends one change of the partitioned topic. */
  change(log: Log, id: number): Promise<void>;
}

/** `prefix`: of the topics' and tables' names, so that a broker that is used twice begins anew. */
export function manyTopologies(prefix: string, { topologies, partitions, rows, globalRows }: ManySize): ManyTopologies {
  const facts = debezium(`${prefix}.public.facts`, {
    key: ["id"],
    row: z.object({ id: int8(), kind_id: int8(), amount: int8() }),
  });
  const kinds = debezium(`${prefix}.public.kinds`, { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
  const append = async (log: Log, { topic, changes }: { topic: string; changes: readonly Change[] }) => {
    const count = topic === facts.spec.topic ? partitions : 1;
    for (let first = 0; first < changes.length; first += RECORDS_OF_APPEND) {
      const byPartition = Map.groupBy(
        changes.slice(first, first + RECORDS_OF_APPEND),
        ({ id }) => partitionOf(`{"id":${id}}`, count),
      );
      await log.append(
        [...byPartition].map(([partition, rows]) => ({ topic, partition, records: rows.map(recordOf) })),
      );
    }
  };
  return {
    topologies: Array.from({ length: topologies }, (_, index) =>
      topology(`${prefix}_${index}`, (builder) => {
        builder.table(facts.pick("kind_id", "amount"))
          .join("kind", builder.globalTable(kinds.pick("name")), (fact) => fact.kind_id)
          .mapValues((fact) => ({ id: fact.id, name: fact.kind.name, amount: fact.amount }))
          .to(clickhouse(`${prefix}_facts_${index}`, {
            key: ["id"],
            columns: { id: "Int64", name: "String", amount: "Int64" },
          }));
      })),
    async fill(log) {
      await log.createTopic({ name: facts.spec.topic, partitions, ...KEPT });
      await log.createTopic({ name: kinds.spec.topic, partitions: 1, ...KEPT });
      const idsTo = (end: number) => Array.from({ length: end }, (_, index) => index + 1);
      await append(log, {
        topic: kinds.spec.topic,
        changes: idsTo(globalRows).map((id) => ({ id, name: `a kind that has number ${id}` })),
      });
      await append(log, {
        topic: facts.spec.topic,
        changes: idsTo(rows).map((id) => ({ id, kind_id: id, amount: id % 1_000 })),
      });
    },
    change: (log, id) => append(log, { topic: facts.spec.topic, changes: [{ id, kind_id: id, amount: Date.now() }] }),
  };
}

interface Change {
  readonly id: number;
  readonly [column: string]: unknown;
}

function recordOf(after: Change): { key: string; value: string } {
  return { key: `{"id":${after.id}}`, value: JSON.stringify({ op: "c", before: null, after, source: {}, ts_ms: 0 }) };
}
