import { METRICS } from "../../src/runtime/metric_names.ts";

/**
 * Every series name that Prometheus has, by where it comes from: what a dashboard or an alert may ask for. A name that
 * is not here does not exist, or is not known to exist.
 */
export const SOURCES: Readonly<Record<string, readonly string[]>> = {
  /** Prometheus itself, about each address that it reads. */
  prometheus: ["up"],

  /** Weir's own, and those of its process (src/cli/prometheus.ts). */
  weir: [
    ...Object.entries(METRICS).flatMap(([name, { kind }]) =>
      kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
    ),
    "process_resident_memory_bytes",
    "process_heap_bytes",
    "process_cpu_seconds_total",
    "process_start_time_seconds",
  ],

  /** Kafka's JMX agent with compose/kafka/jmx.yml, which puts names in lower case. Labels: topic, partition. */
  kafka: [
    "kafka_server_brokertopicmetrics_messagesin_total",
    "kafka_server_brokertopicmetrics_bytesin_total",
    "kafka_server_brokertopicmetrics_bytesout_total",
    "kafka_server_brokertopicmetrics_failedproducerequests_total",
    "kafka_server_brokertopicmetrics_failedfetchrequests_total",
    "kafka_server_replicamanager_underreplicatedpartitions",
    "kafka_controller_offlinepartitionscount",
    "kafka_controller_activecontrollercount",
    "kafka_log_size",
    "kafka_log_logendoffset",
  ],

  /**
   * Debezium's JMX agent with compose/debezium/jmx.yml: attributes of Debezium's beans in lower case, counters end with
   * _total.
   */
  debezium: [
    "debezium_streaming_connected",
    "debezium_streaming_millisecondsbehindsource",
    "debezium_streaming_millisecondssincelastevent",
    "debezium_streaming_totalnumberofeventsseen_total",
    "debezium_streaming_totalnumberofcreateeventsseen_total",
    "debezium_streaming_totalnumberofupdateeventsseen_total",
    "debezium_streaming_totalnumberofdeleteeventsseen_total",
    "debezium_streaming_numberofcommittedtransactions_total",
    "debezium_streaming_numberoferroneousevents_total",
    "debezium_streaming_queuetotalcapacity",
    "debezium_streaming_queueremainingcapacity",
    "debezium_snapshot_snapshotrunning",
    "debezium_snapshot_snapshotcompleted",
    "debezium_snapshot_snapshotaborted",
    "debezium_snapshot_snapshotdurationinseconds",
    "debezium_snapshot_totaltablecount",
    "debezium_snapshot_remainingtablecount",
    "debezium_snapshot_totalnumberofeventsseen_total",
    "connect_worker_connectors",
    "connect_worker_tasks",
  ],

  /** postgres-exporter: what PostgreSQL keeps for its replication slots. Label: slot_name. */
  postgres: [
    "pg_up",
    "pg_replication_slots_active",
    "pg_replication_slots_pg_wal_lsn_diff",
    "pg_replication_slot_safe_wal_size_bytes",
  ],

  /**
   * ClickHouse's own endpoint: system.metrics (now), system.events (since the start), system.asynchronous_metrics (once
   * a second).
   */
  clickhouse: [
    ...[
      "Query",
      "Merge",
      "MemoryTracking",
      "HTTPConnection",
      "TCPConnection",
      "PartsActive",
      "PartsOutdated",
      "DelayedInserts",
      "BackgroundMergesAndMutationsPoolTask",
    ].map((name) => `ClickHouseMetrics_${name}`),
    ...[
      "InsertQuery",
      "SelectQuery",
      "FailedInsertQuery",
      "FailedSelectQuery",
      "InsertedRows",
      "InsertedBytes",
      "MergedRows",
      "DelayedInserts",
      "RejectedInserts",
      "InsertQueryTimeMicroseconds",
      "SelectQueryTimeMicroseconds",
      "QueryMemoryLimitExceeded",
      "SelectedRows",
      "DuplicatedInsertedBlocks",
    ].map((name) => `ClickHouseProfileEvents_${name}`),
    ...[
      "MaxPartCountForPartition",
      "TotalPartsOfMergeTreeTables",
      "TotalRowsOfMergeTreeTables",
      "TotalBytesOfMergeTreeTables",
      "MemoryResident",
      "Uptime",
      "DiskAvailable_default",
    ].map((name) => `ClickHouseAsyncMetrics_${name}`),
  ],
};

/** All names. */
export const KNOWN_METRICS: ReadonlySet<string> = new Set(Object.values(SOURCES).flat());
