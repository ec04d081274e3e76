import { z } from "zod";
import { clickhouseAppend, debezium, events, int8, topology } from "../src/mod.ts";

/** Who looks at pages. */
export const profiles = debezium("web.public.profiles", {
  key: ["id"],
  row: z.object({ id: int8(), region: z.string() }),
});

/** Pages as they are looked at: one JSON object each, by users who may be unknown. */
export const pageViews = events("web.page_views", {
  row: z.object({ user_id: int8().nullable(), page: z.string() }),
});

/** Each view once, with the region that its user had in that moment. */
export const regionalViews = clickhouseAppend("page_views", {
  columns: { at: "DateTime64(3)", page: "LowCardinality(String)", region: "LowCardinality(String)" },
  orderBy: ["region", "page", "at"],
  ttl: "toDateTime(at) + INTERVAL 90 DAY",
});

/** A stream with a table: views of pages, without those of monitors, with the regions of their users. */
export default topology("page_views", (builder) => {
  builder.stream(pageViews)
    .filterNot(({ page }) => page === "/health")
    .leftJoin("user", builder.globalTable(profiles), ({ user_id }) => user_id)
    .mapValues(({ page, user }, _key, { timestampUs }) => ({
      at: timestampUs,
      page,
      region: user?.region ?? "unknown",
    }))
    .to(regionalViews);
});
