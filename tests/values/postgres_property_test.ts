import { assertEquals } from "@std/assert";
import { choicesOf } from "../oracle/random.ts";
import { ownClickHouse } from "../own_clickhouse.ts";
import { hasPostgres15, startPostgres } from "./postgres_server.ts";
import { caseName, live, randomCase } from "./value_case.ts";

/** `WEIR_VALUE_SEEDS=from,count` runs others; a failure names its seed. */
const [from, lives] = (Deno.env.get("WEIR_VALUE_SEEDS") ?? "1,30").split(",").map(Number);

Deno.test({
  name: `values: ${lives} random tables of all column types show what PostgreSQL computes, seeds from ${from}`,
  ignore: !hasPostgres15(),
  async fn() {
    await using clickhouse = await ownClickHouse();
    const server = await startPostgres();
    try {
      for (let seed = from; seed < from + lives; seed++) {
        const life = randomCase(choicesOf(seed));
        await live(life, {
          server,
          warehouse: clickhouse.server,
          compare: ({ expected, shown, letters }) =>
            assertEquals({ shown, letters }, { shown: expected, letters: [] }, `seed ${seed}: ${caseName(life)}`),
        });
      }
    } finally {
      await server.close();
    }
  },
});
