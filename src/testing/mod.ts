/**
 * For tests of topologies: the real runtime on in-memory ports with a manual clock.
 *
 * @module
 */
export {
  createTopologyTestDriver,
  type RawRecord,
  TopologyTestDriver,
  type TopologyTestDriverOptions,
} from "./topology_test_driver.ts";
export type { RefuseRow, SelectedRow } from "./memory_warehouse.ts";
