/**
 * For tests of topologies: the real runtime on an in-memory log with a manual clock.
 *
 * @module
 */
export { createTopologyTestDriver } from "./create_topology_test_driver.ts";
export { TopologyTestDriver } from "./topology_test_driver.ts";
export type { ExplainedTable, Explanation } from "./driver_explain.ts";
export type { RawRecord, TopologyTestDriverOptions } from "./driver_options.ts";
export type { DroppedRecords } from "./counted_drops.ts";
export type { StoreEntry, TestStore } from "./driver_store.ts";
export type { InputTopicOptions, TestInputTopic } from "./input_topic.ts";
export type { TestOutputTopic } from "./output_topic.ts";
export type { OutputTestRecord } from "./output_records.ts";
export { lawProblems } from "./law_problems.ts";
export type { RefuseRow } from "./memory_warehouse.ts";
export type { OperatorCounts } from "../runtime/stores/operator_counts.ts";
export type { RowCounts } from "../runtime/stores/row_counts.ts";
export type { SelectedRow } from "./selected_rows.ts";
