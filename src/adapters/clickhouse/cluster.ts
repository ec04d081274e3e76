import type { ClickHouseSettings } from "@clickhouse/client";
import { literal } from "../../record/clickhouse_names.ts";

/** Replicas of one shard, each of which has every row. */
export interface ClusterOptions {
  /** As `system.clusters` names it. */
  readonly name: string;
  /** Where Keeper has a table, in which ClickHouse replaces macros; `CLUSTER_PATH` if absent. */
  readonly path?: string;
}

/**
 * A replica that joins later finds the table by its name, which `{uuid}` would not let it. So a table that was put
 * aside under another name keeps its place: one that is to be made anew is dropped.
 */
const CLUSTER_PATH = "/clickhouse/tables/{shard}/{database}/{table}";

/** Milliseconds until an insert that too few replicas have taken is given up, and tried again. */
const QUORUM_MS = 40_000;

/**
 * An insert is acknowledged when most replicas have it, and no other one begins before: only then does a read of any
 * replica see all that was acknowledged.
 */
export const QUORUM: ClickHouseSettings = {
  insert_quorum: "auto",
  insert_quorum_parallel: 0,
  insert_quorum_timeout: QUORUM_MS,
};

/** A statement for all replicas is given up when one is silent, before the connection is. */
export const EVERY_REPLICA: ClickHouseSettings = { distributed_ddl_task_timeout: "60" };

/** A replica that has not yet what was acknowledged refuses to answer, and the question is repeated. */
export const SEQUENTIAL: ClickHouseSettings = { select_sequential_consistency: "1" };

/** ` ON CLUSTER 'name'`, or nothing without one. */
export function onCluster(cluster: ClusterOptions | undefined): string {
  return cluster === undefined ? "" : ` ON CLUSTER ${literal(cluster.name)}`;
}

/** The engine of a table. `parameters`: those that the engine has without replicas. */
export function engineOf(
  engine: "MergeTree" | "ReplacingMergeTree",
  { cluster, parameters }: { readonly cluster: ClusterOptions | undefined; readonly parameters: readonly string[] },
): string {
  const replicated = cluster === undefined ? [] : [literal(cluster.path ?? CLUSTER_PATH), "'{replica}'"];
  const all = [...replicated, ...parameters];
  return `${cluster === undefined ? "" : "Replicated"}${engine}${all.length === 0 ? "" : `(${all.join(", ")})`}`;
}
