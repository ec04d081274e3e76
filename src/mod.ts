/**
 * Weir: tables, joins and aggregates over Debezium change topics, live in ClickHouse. This is all that a topology file
 * imports besides zod.
 *
 * @module
 */
export { type Topology, topology, TopologyBuilder } from "./dsl/topology.ts";
export {
  type ColumnShape,
  debezium,
  type DebeziumOptions,
  type IsUnion,
  type KeyOf,
  type ParsedRow,
  type RegistryUse,
  type RowOf,
  type RowSchema,
  Source,
  type SourceSpec,
} from "./dsl/source.ts";
export { type CloudEvent, type CloudEventOptions, cloudEvents } from "./dsl/cloud_events.ts";
export { jsonTable, type JsonTableOptions } from "./dsl/json_table.ts";
export {
  clickhouse,
  type ClickHouseOptions,
  type ColumnTypes,
  type Sink,
  type SinkRow,
  type SinkSpec,
} from "./dsl/sink.ts";
export type { StorageOptions } from "./dsl/storage.ts";
export type { TableStorage } from "./record/table_storage.ts";
export type { ClickHouseValue } from "./dsl/clickhouse_value.ts";
export { type AppendOptions, type AppendSink, type AppendSpec, clickhouseAppend } from "./dsl/append_sink.ts";
export {
  type BytesEventOptions,
  type CommonEventOptions,
  type EventCallback,
  events,
  EventSource,
  type EventSpec,
  type JsonEventOptions,
  type KeyForm,
  type KeyIn,
  type KeySchema,
  type NullIf,
  type RecordMetadata,
  type TextEventOptions,
} from "./dsl/events.ts";
export type { Change, ChangeOptions, FullChangeOptions } from "./dsl/changes.ts";
export {
  type CommonTopicOptions,
  type Guarantee,
  type OutputOptions,
  type PlainTopicOptions,
  type RowTopicOptions,
  topic,
  type TopicSink,
  type TopicSpec,
  type WrittenKey,
  type WrittenKeyForm,
} from "./dsl/topic_sink.ts";
export type { ProcessOptions, ProcessorContext } from "./dsl/processors.ts";
export {
  type KeyValueStore,
  type RetentionOptions,
  type Session,
  type SessionStore,
  sessionStore,
  Store,
  store,
  type StoreHandle,
  type Stores,
  TimedStore,
  type WindowStore,
  windowStore,
} from "./dsl/processor_stores.ts";
export type { RepartitionOnOptions, RepartitionOptions } from "./dsl/stream_repartition.ts";
export type { ChangeKey, KeyGroup } from "./dsl/stream_tables.ts";
export type { ToStreamOptions } from "./dsl/table_changes.ts";
export { type Branches, KStream } from "./dsl/streams.ts";
export type { StreamJoinOptions, TableJoinOptions, VersionedJoinOptions, Within } from "./dsl/stream_joins.ts";
export type { GlobalRows, With } from "./dsl/global_rows.ts";
export { GlobalKTable } from "./dsl/global_tables.ts";
export { KGroupedTable, KTable, type Totals } from "./dsl/tables.ts";
export type { NewColumn, PartRow, SameKey, TimeColumn } from "./dsl/table_columns.ts";
export type { PartOptions } from "./dsl/table_operators.ts";
export { KGroupedStream, type Reduced, WindowedStream } from "./dsl/grouped_streams.ts";
export { CogroupedStream, type SameGroup, type SameTotals, WindowedCogroup } from "./dsl/cogrouped_streams.ts";
export type {
  AggregationInput,
  Emit,
  GroupedInput,
  GroupedPlace,
  WindowColumns,
  WindowKey,
} from "./dsl/stream_aggregation.ts";
export {
  type AggregatesIn,
  hopping,
  type IsSession,
  type MergingIn,
  session,
  sliding,
  type TimeWindowOptions,
  tumbling,
  unlimited,
  type WindowOptions,
  Windows,
  type WindowSpec,
} from "./dsl/windows.ts";
export {
  type SuppressBounds,
  Suppressed,
  type SuppressOptions,
  untilTimeLimit,
  untilWindowCloses,
} from "./dsl/suppressed.ts";
export type { SuppressionSpec } from "./dsl/suppression.ts";
export type {
  Aggregate,
  AggregateSpec,
  DistinctSpec,
  FoldSpec,
  OfRow,
  OfState,
  RankedSpec,
  TotalSpec,
} from "./dsl/aggregate_spec.ts";
export {
  folding,
  type FoldingSpec,
  type MergingAggregate,
  type MergingAggregates,
  type NewestSpec,
  type PlainAggregate,
  type StateMerger,
  type StateResult,
  type StreamAggregate,
  type StreamAggregates,
  type StreamAggregateSpec,
  type StreamFolding,
  type StreamTotals,
} from "./dsl/stream_aggregates.ts";
export { avg, type Comparable, count, countDistinct, type Exact, max, min, sum } from "./dsl/aggregates.ts";
export { custom, type Folding, type Reducers } from "./dsl/fold_aggregates.ts";
export { argMax, argMin, collect, first, last, type OneOf, type Ranking, topN } from "./dsl/ranked_aggregates.ts";
export { type DurationParts, type DurationText, startOf, type TimeUnit } from "./dsl/start_of.ts";
export { dateOf, type Duration, startOfDay, startOfHour } from "./dsl/time.ts";
export { Decimal, type Rounding } from "./record/decimal.ts";
export type { RecordHeaders } from "./record/headers.ts";
export { TopologyError } from "./record/errors.ts";
export {
  bytea,
  char,
  citext,
  type Column,
  date,
  float8,
  type Int8,
  int8,
  json,
  numeric,
  time,
  timestamp,
  timestamptz,
  uuid,
  type WidePrecision,
} from "./formats/columns.ts";
export type { BinaryMode, WireFormat } from "./formats/wire_format.ts";
