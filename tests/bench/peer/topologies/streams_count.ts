import { clickhouse, topology, tumbling } from "../../../../src/mod.ts";
import { COUNT_GRACE_MS, COUNT_WINDOW_MS, orders } from "../streams_events.ts";

const counts = clickhouse("streams_count", {
  key: ["customer", "window_start"],
  columns: { customer: "String", window_start: "DateTime64(6)", count: "UInt64" },
});

/** Orders of each customer in each window, told as they change. */
export default topology("streams_count", (builder) => {
  builder.stream(orders)
    .groupByKey("customer")
    .windowedBy(tumbling({ milliseconds: COUNT_WINDOW_MS }, { grace: { milliseconds: COUNT_GRACE_MS } }))
    .count("counts")
    .to(counts);
});
