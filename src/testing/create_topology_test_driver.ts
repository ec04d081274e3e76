import type { Topology } from "../dsl/topology.ts";
import type { TopologyTestDriverOptions } from "./driver_options.ts";
import { TopologyTestDriver } from "./topology_test_driver.ts";

/**
 * Makes a driver for `topology`.
 *
 * @example
 * await using driver = createTopologyTestDriver(sales);
 * driver.insert(orders, { id: 1, ... });
 * await driver.settle();
 * assertEquals(driver.select(salesTable), [...]);
 */
export function createTopologyTestDriver(
  topology: Topology,
  options: TopologyTestDriverOptions = {},
): TopologyTestDriver {
  return new TopologyTestDriver(topology, options);
}
