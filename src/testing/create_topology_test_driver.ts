import { declaredElsewhere } from "../dsl/declared_here.ts";
import type { Topology } from "../dsl/topology.ts";
import type { TopologyTestDriverOptions } from "./driver_options.ts";
import { TopologyTestDriver } from "./topology_test_driver.ts";

/**
 * Makes a driver for `topology`.
 * @throws TypeError for a topology that another copy of Weir has declared
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
  const elsewhere = declaredElsewhere(topology);
  if (elsewhere !== null) throw new TypeError(`Cannot test topology "${topology.name}": ${elsewhere}`);
  return new TopologyTestDriver(topology, options);
}
