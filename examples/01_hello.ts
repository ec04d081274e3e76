import { z } from "zod";
import { clickhouse, debezium, int8, topology } from "../src/mod.ts";

/** People, as the database has them. */
export const people = debezium("hello.public.people", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string() }),
});

/** A greeting for each. */
export const greetings = clickhouse("greetings", {
  key: ["id"],
  columns: { id: "Int64", greeting: "String" },
});

/** The smallest topology: a table, a change of its rows, a table in ClickHouse. */
export default topology("hello", (builder) => {
  builder.table(people)
    .mapValues(({ id, name }) => ({ id, greeting: `Hello, ${name}!` }))
    .to(greetings);
});
