/**
 * Runs a topology that writes each event of a topic into topics for others, until it is killed. Arguments: the broker,
 * a name that all topics begin with, and the directory in which memberships are noted. Run by `exactly_once_test.ts`.
 */
import { z } from "zod";
import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
import { count, events, topic, topology } from "../../src/mod.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { benchRunner } from "../bench/bench_runner.ts";

const [broker, name, membersDirectory] = Deno.args;

const app = topology(name, (builder) => {
  const stream = builder.stream(events(`${name}.events`, { row: z.object({ n: z.int(), group: z.string() }) }));
  // Some events make two records, some none.
  const told = stream.flatMapValues(({ n }) => n % 7 === 0 ? [] : n % 5 === 0 ? [n, -n] : [n]);
  told.to(topic(`${name}.once`, { guarantee: "exactly_once" }));
  told.to(topic(`${name}.repeated`, {}));
  const counts = stream.groupBy(({ group }) => ({ group })).aggregate("counts", { events: count() });
  builder.toStream(counts).to(topic(`${name}.counts`, { key: "json", guarantee: "exactly_once" }));
});

const log = openKafka({ brokers: [broker], clientId: name, membersDirectory, sessionTimeoutMs: 6_000 });
await benchRunner(app, { log, warehouse: createMemoryWarehouse() }, { options: { commitEveryMs: 500 } }).start();
