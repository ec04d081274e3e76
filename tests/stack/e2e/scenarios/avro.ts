import { SmallRegistry } from "../../../adapters/schema_registry/small_registry.ts";
import { fetchAvroConverter } from "../../artifacts.ts";
import {
  connectorConfig,
  connectorRunning,
  connectorState,
  putConnector,
  removeConnector,
  restartFailed,
} from "../../connector.ts";
import { killService, startService } from "../../mod.ts";
import { AVRO_PREFIX, AVRO_TOPOLOGIES, avroConnector, DROP_SLOT } from "../avro_store.ts";
import { examine, type Misconfiguration, nameAndRepair } from "../misconfigurations.ts";
import { pullAndRead } from "../pulled_sources.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import type { Scenario } from "./scenario.ts";

const CONNECTOR = "avro-store";
const TOPOLOGIES = Object.keys(AVRO_TOPOLOGIES);

/**
 * A second connector writes the store's tables with AvroConverter and a registry; joins and totals of them equal
 * PostgreSQL, after changes, a column that was added, and a start at which the registry was away.
 */
export const avro: Scenario = {
  title: "Avro with a schema registry",
  async run(stage) {
    await using registry = new SmallRegistry();
    const environment = {
      ...await stage.writeTopologies("avro", AVRO_TOPOLOGIES),
      SCHEMA_REGISTRY_URL: `${registry.url}/apis/ccompat/v7`,
    };
    await connect(stage, registry);
    let weir = stage.startWeir(TOPOLOGIES, environment);
    const { steps } = stage;
    await steps.step("two topologies of Avro topics start", (signal) => weir.ready(signal), { withinMs: 180_000 });
    await stage.verify("after the snapshot in Avro", TOPOLOGIES, { environment });
    await misconfigure(stage, { registry, environment });
    await steps.step("rows and a column change", async () => {
      await stage.sql(CHANGES);
      return `schemas: ${Object.values(registry.registered()).flat().length}`;
    });
    await stage.verify("after changes in Avro", TOPOLOGIES, { environment });
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
    registry.mood = "down";
    await stage.sql("UPDATE products SET name = name || '!' WHERE id % 7 = 0");
    weir = stage.startWeir(TOPOLOGIES, environment);
    await steps.step("a start without the registry waits, and says for what", async (signal) => {
      await weir.readyzSays((text) => text.includes("schema registry"), { wanted: "that it waits", signal });
    });
    registry.mood = "well";
    // Its converter asks the registry now and then, and without an answer its task is over.
    await restartFailed(stage.layout, CONNECTOR);
    await steps.step("it goes on when the registry is back", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await stage.verify("after the registry was away", TOPOLOGIES, { environment });
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
    await steps.step("the second connector is removed", async (signal) => {
      await removeConnector(stage.layout, CONNECTOR);
      await until(() => stage.sql(DROP_SLOT).then(() => true, () => false), { signal });
      await stage.sql("ALTER TABLE sellers DROP COLUMN motto");
    });
  },
};

const USERS = `${AVRO_PREFIX}.public.users`;
const HEADERS = "value.converter.apicurio.registry.headers.enabled";

async function misconfigure(
  stage: Stage,
  { registry, environment }: {
    readonly registry: SmallRegistry;
    readonly environment: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { steps, layout } = stage;
  const look = () => examine(stage, environment);
  const misconfigurations: readonly Misconfiguration[] = [
    {
      check: "registry.key_schema",
      subject: USERS,
      make: () => Promise.resolve(registry.register(`${USERS}-key`, { schema: '"long"' })),
    },
    {
      check: "registry.compatibility",
      subject: `${USERS}-value`,
      make: () => Promise.resolve(registry.compatibility.set(`${USERS}-value`, "NONE")),
    },
    {
      check: "connector.registry_ids",
      subject: HEADERS,
      make: () =>
        putConnector(layout, {
          ...avroConnector(connectorConfig(layout), registry.url),
          name: CONNECTOR,
          [HEADERS]: "true",
        }),
    },
  ];
  await steps.step("a registry that is right has nothing wrong", async () => {
    const wrong = (await look()).filter(({ check, verdict, text }) =>
      /^(registry|records|connector\.(converters|registry_ids))/.test(check) && verdict !== "ok" &&
      !text.includes("no records")
    );
    if (wrong.length > 0) throw new Error(`It names ${JSON.stringify(wrong)}`);
  });
  await steps.step("sources pull by the registry's schemas: every newest record is read", () =>
    pullAndRead(stage, {
      args: ["--from", "topics", "--prefix", AVRO_PREFIX],
      names: ["users", "sellers", "products", "orders", "orderItems"],
      environment,
    }));
  await steps.step(`${misconfigurations.length} misconfigurations of the registry are made`, async () => {
    for (const { make } of misconfigurations) await make(stage);
  });
  await nameAndRepair(stage, { misconfigurations, look });
  await steps.step("the second connector runs again", async (signal) => {
    await until(async () => (await connectorState(layout, CONNECTOR)).state === "RUNNING", { signal });
  });
}

async function connect(stage: Stage, registry: SmallRegistry): Promise<void> {
  const { steps, layout } = stage;
  await steps.step("Connect has AvroConverter", async () => {
    await fetchAvroConverter(layout);
    await killService("connect", "SIGTERM", stage.options);
    await startService("connect", stage.options);
    await connectorRunning(layout, 120_000);
  }, { withinMs: 300_000 });
  await steps.step("a second connector writes Avro", async (signal) => {
    await putConnector(layout, { ...avroConnector(connectorConfig(layout), registry.url), name: CONNECTOR });
    const subjects = () =>
      Object.keys(registry.registered()).filter((name) => /\.public\.\w+-value$/.test(name)).length;
    await until(() => subjects() >= 5, { signal });
    return `${subjects()} tables in topics of ${AVRO_PREFIX}`;
  }, { withinMs: 180_000 });
}

const CHANGES = `
  UPDATE products SET price = price + 0.01, tags = tags || ARRAY['avro'] WHERE id % 3 = 0;
  UPDATE users SET phone = NULL, birth_date = '1904-02-29' WHERE id % 5 = 0;
  UPDATE sellers SET rating = NULL WHERE id = 1;
  ALTER TABLE sellers ADD COLUMN motto text;
  UPDATE sellers SET motto = 'new', rating = 4.99 WHERE id = 2;
  UPDATE orders SET status = 'cancelled' WHERE id % 4 = 0;
  DELETE FROM order_items WHERE id % 10 = 0;`;
