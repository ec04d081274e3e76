import { projectPath } from "../../layout.ts";
import { stackAddresses } from "../../mod.ts";
import { configureBroker, topicSettings } from "../../topics.ts";
import { captureTables } from "../added_tables.ts";
import { endSteady } from "../procedures.ts";
import { batchesByCodec, type Codec } from "../record_batches.ts";
import type { Stage } from "../stage.ts";
import { sleep } from "../steps.ts";
import { Writer, writtenText } from "../writer.ts";
import type { Scenario } from "./scenario.ts";

/** Reads a table and what it joins through an inbox, and another one as a global table. */
const TOPOLOGY = `
import { clickhouse, topology } from "file://${projectPath("src/mod.ts")}";
import { orderItems, orders, products } from "file://${projectPath("topologies/online_store/sources.ts")}";

const columns = { id: "Int64", status: "String", product: "String", quantity: "Int32" } as const;

export default topology("compressed", (builder) => {
  builder.table(orderItems.pick("order_id", "product_id", "quantity"))
    .join("order", builder.table(orders.pick("status")), (item) => item.order_id)
    .join("product", builder.globalTable(products.pick("name")), (item) => item.product_id)
    .mapValues((item) => ({
      id: item.id,
      status: item.order.status,
      product: item.product.name,
      quantity: item.quantity,
    }))
    .to(clickhouse("compressed_items", { key: ["id"], columns }));
});
`;

const NAME = "compressed";
const PER_SECOND = 80;
const WRITE_MS = 2_000;
/** What Debezium is told beside the broker's lz4; without compression everything is read by every other scenario. */
const PRODUCER_CODECS = ["gzip", "snappy", "zstd"] as const;
/** Topics whose records this topology reads. */
const SOURCES = ["order_items", "orders", "products"].map((table) => `online_store.public.${table}`);

/** The broker compresses by default, then Debezium does: every codec is read, and inboxes stay as Weir wants them. */
export const compression: Scenario = {
  title: "lz4 by the broker's default; gzip, snappy, zstd by Debezium",
  async run(stage) {
    const { steps, layout } = stage;
    const environment = await stage.writeTopologies(NAME, { [NAME]: TOPOLOGY });
    await steps.step(
      "the broker's compression.type becomes lz4",
      () => configureBroker(layout, { "compression.type": "lz4" }),
    );
    const weir = stage.startWeir([NAME], environment);
    await steps.step("a topology starts, and makes its inboxes", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await written(stage, "lz4");
    await stage.verify("what the broker compressed", [NAME], { environment });
    await steps.step("the inboxes have a setting of their own", () => inboxes(stage));
    await steps.step("the broker takes records as they come again", () => configureBroker(layout, {}));
    for (const codec of PRODUCER_CODECS) {
      await steps.step(
        `Debezium compresses with ${codec}`,
        () => captureTables(stage, { changes: { "producer.override.compression.type": codec } }),
      );
      await written(stage, codec);
    }
    await stage.verify("what Debezium compressed", [NAME], { environment });
    await steps.step("Debezium compresses no more", () => captureTables(stage));
    await endSteady(stage, weir);
  },
};

/** A step: the store is written to, and what it wrote lies compressed in the broker's files. */
async function written(stage: Stage, codec: Codec): Promise<void> {
  const { steps, layout, options } = stage;
  await steps.step(`the store goes on, in ${codec}`, async () => {
    const count = () => batchesByCodec(layout, (topic) => SOURCES.includes(topic));
    const before = await count();
    const { postgres } = stackAddresses(options);
    const writer = new Writer({ postgres, perSecond: PER_SECOND, seed: options.seed + codec.length });
    await sleep(WRITE_MS);
    const done = await writer.stop();
    for (;;) {
      const batches = (await count())[codec] - before[codec];
      if (batches > 0) return `${writtenText(done)}; ${batches} batches`;
      await sleep(200);
    }
  });
}

/** Inboxes were made while the broker's default was lz4: they say "producer" and hold what Weir wrote, as it was. */
async function inboxes({ layout }: Stage): Promise<string> {
  const prefix = `weir.${NAME}.`;
  const settings = await topicSettings(layout, { prefix, setting: "compression.type" });
  const { none, ...others } = await batchesByCodec(layout, (topic) => topic.startsWith(prefix));
  const wrong = settings.filter(({ value }) => value !== "producer");
  if (settings.length === 0 || wrong.length > 0) {
    throw new Error(`compression.type of inboxes: ${JSON.stringify(settings)}`);
  }
  if (none === 0 || Object.values(others).some((batches) => batches > 0)) {
    throw new Error(`batches of inboxes: ${none} without compression, ${JSON.stringify(others)}`);
  }
  return `${settings.length} topics, ${none} batches`;
}
