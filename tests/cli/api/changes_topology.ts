import { z } from "zod";
import { clickhouse, count, debezium, events, int8, topic, topology, tumbling } from "../../../src/mod.ts";

export const users = debezium("shop.public.users", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
export const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const minutes = clickhouse("minutes", {
  columns: { user_id: "Int64", window_start: "DateTime64(6)", clicks: "UInt64" },
  key: ["user_id", "window_start"],
});
const renamed = topic("shop.renamed", { row: z.object({ name: z.string() }), guarantee: "exactly_once" });

/** Changes of a table in a topic, exactly once, and windows that are kept for five minutes. */
export const changesTopology = topology("app", (builder) => {
  builder.toStream(builder.table(users).filter(({ name }) => name !== "bob"))
    .map((row, { id }) => [String(id), { name: row?.name ?? "" }]).to(renamed);
  builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }))
    .windowedBy(tumbling({ minutes: 1 }, { grace: { seconds: 30 }, retention: { minutes: 5 } }))
    .aggregate("by_minute", { clicks: count() }).to(minutes);
});
