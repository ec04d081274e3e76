import { z } from "zod";
import { clickhouse, count, events, int8, session, topology } from "../src/mod.ts";

/** Pages as they are looked at. */
export const views = events("web.views", { row: z.object({ user_id: int8(), page: z.string() }) });

/** Visits: pages of one user with no more than half an hour between two of them. */
export const visits = clickhouse("visits", {
  key: ["user_id", "window_start"],
  columns: { user_id: "Int64", window_start: "DateTime64(6)", window_end: "DateTime64(6)", pages: "UInt64" },
});

/** Windows: sessions that grow and become one when an event comes between them, however late. */
export default topology("sessions", (builder) => {
  builder.stream(views)
    .groupBy(({ user_id }) => ({ user_id }))
    .windowedBy(session({ minutes: 30 }, { grace: { hours: 1 } }))
    .aggregate("visits", { pages: count() })
    .to(visits);
});
