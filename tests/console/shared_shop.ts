import { openEmbeddedDeadLetters } from "../../src/adapters/local/dead_letters.ts";
import { noSnapshots } from "../../src/ports/snapshots.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { type EmbeddedLog, openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { openTopicLetters, type TopicLetters } from "../../src/adapters/topic_letters/topic_letters.ts";
import type { Watched } from "../../src/cli/api/watched.ts";
import { type HttpServer, type Routes, serveHttp } from "../../src/cli/http_server.ts";
import { createPrometheusMetrics } from "../../src/cli/prometheus.ts";
import { KeptEvents } from "../../src/cli/start/kept_events.ts";
import { routesOf } from "../../src/cli/start/routes.ts";
import { eventOf } from "../../src/cli/start/run_events.ts";
import type { ShownRun } from "../../src/cli/start/shown_run.ts";
import type { Status } from "../../src/cli/start/status.ts";
import { TopologyStatuses } from "../../src/cli/start/topology_statuses.ts";
import type { Log, Membership } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { type Item, type Order, PASSWORD } from "./shared_shop_process.ts";
import { shop } from "../runtime/explain/shop.ts";
import { appendKeyed } from "../runtime/step_run.ts";

const HOST = "127.0.0.1";
const TOPICS = { orders: "shop.public.orders", items: "shop.public.items", customers: "shop.public.customers" };
const PARTITIONS = 3;

/** What all instances of a shop work with: the simulated Kafka and ClickHouse. */
interface Services {
  readonly log: EmbeddedLog;
  readonly warehouse: ReturnType<typeof createMemoryWarehouse>;
}

/** A process that runs. */
interface Process {
  readonly runner: Runner;
  readonly letters: TopicLetters;
  readonly startedMs: number;
  readonly topologies: TopologyStatuses;
  readonly events: KeptEvents;
}

/** One process of several, with everything that a real one serves. */
class ShopInstance {
  readonly address: string;
  readonly #services: Services;
  readonly #port: number;
  #server: HttpServer | null;
  #process: Process | null = null;
  /** The number of the next one. */
  #processes = 1;
  #membership: Membership | null = null;

  constructor(services: Services) {
    this.#services = services;
    // An address is told to the group before anybody answers there.
    this.#server = serveHttp({ host: HOST, port: 0 }, {});
    this.#port = this.#server.port;
    this.address = `${HOST}:${this.#port}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** Begins as a new process that knows nothing; listens where the one before did. */
  async start(): Promise<void> {
    await this.#server?.close();
    const { warehouse } = this.#services;
    const metrics = createPrometheusMetrics();
    const file = openEmbeddedDeadLetters({ path: ":memory:" });
    const log = this.#ownLog();
    const letters = openTopicLetters({ log, clock: systemClock, file, onProblem: () => {} });
    const ports = {
      ...{ log, warehouse, metrics, clock: systemClock, random: { next: Math.random } },
      ...{ deadLetters: letters, snapshots: noSnapshots },
    };
    const options = { ...defaultRunOptions, applicationServer: this.address };
    const events = new KeptEvents(Date.now);
    events.begin(this.#processes++, { former: [], end: () => {} });
    const runner = new Runner(shop, ports, { options, onEvent: (event) => events.hear(eventOf(shop.name, event)) });
    this.#process = { runner, letters, startedMs: Date.now(), topologies: new TopologyStatuses(metrics), events };
    this.#server = serveHttp({ host: HOST, port: this.#port }, this.#routes({ metrics, letters }));
    await runner.start();
  }

  /** The whole log, as this process alone is a member of its group. */
  #ownLog(): Log {
    const { log } = this.#services;
    return { ...log, join: async (options) => this.#membership = await log.join(options) };
  }

  /** From now on nobody can reach it, and the group has not noticed. */
  async vanish(): Promise<void> {
    await this.#server?.close();
    this.#server = null;
  }

  /** The group gives it up as it does one of which it has not heard for too long; then the process is gone. */
  async giveUp(): Promise<void> {
    const { runner, letters } = this.#process!;
    this.#services.log.failMember(this.#membership!, new Error("the session is over"));
    this.#process = null;
    await runner.stop();
    await letters.close();
  }

  async end(): Promise<void> {
    await this.vanish();
    if (this.#process !== null) await this.giveUp();
  }

  /** Whether it has the task of an order's row. */
  hasOrder(id: number): boolean {
    return this.#process!.runner.instance!.hosts.has(`orders-${partitionOf(`{"id":${id}}`, PARTITIONS)}`);
  }

  #routes({ metrics, letters }: {
    readonly metrics: ReturnType<typeof createPrometheusMetrics>;
    readonly letters: TopicLetters;
  }): Routes {
    const runs = [this.#shown()];
    const instance = () => this.address;
    const watched: Watched = {
      ...{ runs, instance, password: PASSWORD, showsRows: true, demo: null, verifying: () => false },
      ...{ lettersIn: "topic", events: () => this.#process!.events.list() },
      ...{ reader: { url: `http://${HOST}:1`, database: "default" }, status: () => this.#status() },
    };
    return routesOf({
      ...{ metrics, runs, notReady: () => null, produce: null, letters: letters.stored },
      ...{ access: { password: PASSWORD }, stores: { password: PASSWORD, instance }, proofRoutes: {}, watched },
      rest: () => Promise.reject(new TypeError("Nobody asks it to rest")),
    });
  }

  /** The run as it is when it is asked for. */
  #shown(): ShownRun {
    const runner = () => this.#process?.runner ?? null;
    return {
      ...{ name: shop.name, state: "running", topology: shop, started: null, failure: null },
      ...{ problems: () => [], unready: () => [] },
      get runner() {
        return runner();
      },
    };
  }

  #status(): Status {
    const { startedMs: startedAt, topologies } = this.#process!;
    return {
      ...{ mode: "real", uptimeMs: Date.now() - startedAt, startedAt, data: "", demo: null },
      topologies: topologies.take([this.#shown()], performance.now()),
      ...{ addresses: { console: this.url }, proof: null, ending: null },
      continuous: { state: "off", reason: "it is switched off (WEIR_PROOF)", told: null, sinks: [], leftOut: [] },
    };
  }
}

/** Instances that share the tasks of a shop, and what is put into its topics. */
export interface SharedShop {
  readonly instances: readonly ShopInstance[];
  putOrders(orders: readonly Order[]): Promise<void>;
  putItems(items: readonly Item[]): Promise<void>;
}

/** Lets `use` have instances that share the tasks of a shop, none of which runs yet, and ends them whatever comes. */
export async function withSharedShop(count: number, use: (shop: SharedShop) => Promise<void>): Promise<void> {
  const log = openEmbeddedLog({ path: ":memory:" });
  for (const name of Object.values(TOPICS)) {
    await log.createTopic({ name, partitions: PARTITIONS, cleanup: "compact", retentionMs: -1 });
  }
  const put = (topic: string, rows: readonly { readonly id: number }[]) => {
    const records = rows.map((after) => ({ key: `{"id":${after.id}}`, value: JSON.stringify({ op: "c", after }) }));
    return appendKeyed(log, records, { topic, partitions: PARTITIONS });
  };
  const services = { log, warehouse: createMemoryWarehouse() };
  const instances = Array.from({ length: count }, () => new ShopInstance(services));
  try {
    await use({
      instances,
      putOrders: (orders) => put(TOPICS.orders, orders.map((order) => ({ ...order, customer_id: null }))),
      putItems: (items) => put(TOPICS.items, items),
    });
  } finally {
    for (const instance of instances) await instance.end();
    await log.close();
  }
}
