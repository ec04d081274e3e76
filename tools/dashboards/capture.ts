import { dashboard } from "./build.ts";
import type { Dashboard } from "./model.ts";
import { numbers, onRightAxis, overTime, wordsOf } from "./panels.ts";
import { expressions, instants } from "./queries.ts";

const SOURCE_TOPICS = 'topic=~"online_store[.]public[.].+"';
/** The table's name out of the topic's. */
const byTable = (expression: string) =>
  `sum by (table) (label_replace(${expression}, "table", "$1", "topic", "online_store[.]public[.](.+)"))`;
const BEHIND_SECONDS = "clamp_min(max(debezium_streaming_millisecondsbehindsource), 0) / 1000";

const now = {
  title: null,
  panels: [
    numbers({
      title: "Connector",
      description: "Whether Debezium is connected to PostgreSQL and reads the slot.",
      width: 4,
      words: { 0: ["not connected", "red"], 1: ["connected", "green"] },
      targets: instants(["min(debezium_streaming_connected)", "Connected"]),
    }),
    numbers({
      title: "Behind PostgreSQL",
      description: "Between the commit of the last change and Debezium's reading of it.",
      width: 4,
      unit: "s",
      limits: [[10, "orange"], [60, "red"]],
      targets: instants([BEHIND_SECONDS, "Behind"]),
    }),
    numbers({
      title: "Log kept for the slot",
      description: "Write-ahead log that PostgreSQL cannot throw away before Debezium has confirmed it.",
      width: 4,
      unit: "bytes",
      limits: [[500_000_000, "orange"], [1_000_000_000, "red"]],
      targets: instants(["max by (slot_name) (pg_replication_slots_pg_wal_lsn_diff)", "{{slot_name}}"]),
    }),
    numbers({
      title: "Left until the slot is lost",
      description: "What can still be written before max_slot_wal_keep_size is reached; then a new snapshot is needed.",
      width: 4,
      unit: "bytes",
      lowest: "red",
      limits: [[1_000_000_000, "orange"], [2_000_000_000, "green"]],
      targets: instants(["min by (slot_name) (pg_replication_slot_safe_wal_size_bytes)", "{{slot_name}}"]),
    }),
    numbers({
      title: "Snapshot",
      description: "Tables of the initial snapshot that are still to be read, while it runs; " +
        "Debezium counts its signal table too.",
      width: 4,
      targets: instants(
        ["max(debezium_snapshot_snapshotrunning)", "Running"],
        ["max(debezium_snapshot_remainingtablecount * debezium_snapshot_snapshotrunning)", "Tables left"],
      ),
      overrides: [wordsOf("Running", { 0: ["no", "green"], 1: ["yes", "blue"] })],
    }),
    numbers({
      title: "Slot read",
      description: "Whether somebody is connected to the slot.",
      width: 4,
      words: { 0: ["by nobody", "red"], 1: ["yes", "green"] },
      targets: instants(["max by (slot_name) (pg_replication_slots_active)", "{{slot_name}}"]),
    }),
  ],
};

const changes = {
  title: "Changes",
  panels: [
    overTime({
      title: "Changes by table",
      description: "Records that arrive in the tables' topics, tombstones included.",
      width: 12,
      unit: "cps",
      style: "stacked areas",
      targets: expressions([
        byTable(`rate(kafka_server_brokertopicmetrics_messagesin_total{${SOURCE_TOPICS}}[$__rate_interval])`),
        "{{table}}",
      ]),
    }),
    overTime({
      title: "Changes by kind",
      description: "What Debezium read from the slot.",
      width: 12,
      unit: "cps",
      style: "stacked areas",
      targets: expressions(
        ["sum(rate(debezium_streaming_totalnumberofcreateeventsseen_total[$__rate_interval]))", "insert"],
        ["sum(rate(debezium_streaming_totalnumberofupdateeventsseen_total[$__rate_interval]))", "update"],
        ["sum(rate(debezium_streaming_totalnumberofdeleteeventsseen_total[$__rate_interval]))", "delete"],
      ),
    }),
    overTime({
      title: "Behind PostgreSQL",
      description: "Between the commit of the last change and Debezium's reading of it.",
      width: 8,
      unit: "s",
      targets: expressions([BEHIND_SECONDS, "behind"]),
    }),
    overTime({
      title: "Transactions",
      description: "Committed transactions that Debezium has read.",
      width: 8,
      unit: "cps",
      targets: expressions([
        "sum(rate(debezium_streaming_numberofcommittedtransactions_total[$__rate_interval]))",
        "transactions",
      ]),
    }),
    overTime({
      title: "Debezium's queue",
      description: "Share that is full. A full queue means that Kafka is slower than PostgreSQL.",
      width: 8,
      unit: "percentunit",
      max: 1,
      targets: expressions([
        "1 - sum(debezium_streaming_queueremainingcapacity) / sum(debezium_streaming_queuetotalcapacity)",
        "full",
      ]),
    }),
  ],
};

const slot = {
  title: "Slot and snapshot",
  panels: [
    overTime({
      title: "Log kept for the slot",
      description: "At max_slot_wal_keep_size (4 GB) PostgreSQL gives the slot up.",
      width: 8,
      unit: "bytes",
      limits: [[1_000_000_000, "orange"], [4_294_967_296, "red"]],
      targets: expressions(["max by (slot_name) (pg_replication_slots_pg_wal_lsn_diff)", "{{slot_name}}"]),
    }),
    overTime({
      title: "Snapshot",
      description: "Rows read by snapshots, initial and incremental.",
      width: 8,
      unit: "cps",
      targets: expressions(["sum(rate(debezium_snapshot_totalnumberofeventsseen_total[$__rate_interval]))", "rows"]),
    }),
    overTime({
      title: "Errors and silence",
      description:
        "Events that could not be processed, and time since the last event. Heartbeats come every few seconds.",
      width: 8,
      unit: "s",
      targets: expressions(
        ["max(debezium_streaming_millisecondssincelastevent) / 1000", "since the last event"],
        ["sum(increase(debezium_streaming_numberoferroneousevents_total[$__rate_interval]))", "erroneous events"],
      ),
      overrides: [onRightAxis("erroneous events", "locale")],
    }),
  ],
};

const kafka = {
  title: "Kafka",
  panels: [
    overTime({
      title: "Size of the tables' topics",
      description: "Compacted topics shrink again after a while.",
      width: 8,
      unit: "bytes",
      style: "stacked areas",
      targets: expressions([byTable(`kafka_log_size{${SOURCE_TOPICS}}`), "{{table}}"]),
    }),
    overTime({
      title: "Bytes in and out",
      description: "Of the whole broker.",
      width: 8,
      unit: "Bps",
      targets: expressions(
        ['sum(rate(kafka_server_brokertopicmetrics_bytesin_total{topic=""}[$__rate_interval]))', "in"],
        ['sum(rate(kafka_server_brokertopicmetrics_bytesout_total{topic=""}[$__rate_interval]))', "out"],
      ),
    }),
    overTime({
      title: "Partitions in trouble",
      description: "With fewer replicas than they should have, or without a leader.",
      width: 8,
      targets: expressions(
        ["sum(kafka_server_replicamanager_underreplicatedpartitions)", "under-replicated"],
        ["max(kafka_controller_offlinepartitionscount)", "without a leader"],
      ),
    }),
  ],
};

/** From PostgreSQL to Kafka's topics. */
export const capture: Dashboard = dashboard({
  uid: "store-capture",
  title: "Capture",
  description: "Debezium, its replication slot, and the topics it writes.",
  from: "now-1h",
  refresh: "10s",
  variables: [],
  sections: [now, changes, slot, kafka],
});
