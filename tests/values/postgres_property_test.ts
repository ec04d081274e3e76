import { assertEquals } from "@std/assert";
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from "../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { choicesOf } from "../oracle/random.ts";
import { hasPostgres15, type PostgresServer, startPostgres } from "./postgres_server.ts";
import { caseName, live, randomCase } from "./value_case.ts";

/** `WEIR_VALUE_SEEDS=from,count` runs others; a failure names its seed. */
const [from, lives] = (Deno.env.get("WEIR_VALUE_SEEDS") ?? "1,60").split(",").map(Number);

Deno.test({
  name: `values: ${lives} random tables of all column types show what PostgreSQL computes, seeds from ${from}`,
  ignore: !hasPostgres15(),
  async fn() {
    const path = await Deno.makeTempDir({ prefix: "weir-values-" });
    let server: PostgresServer | null = null;
    let clickhouse: EmbeddedClickHouse | null = null;
    try {
      server = await startPostgres();
      clickhouse = await startEmbeddedClickHouse({ path });
      for (let seed = from; seed < from + lives; seed++) {
        const life = randomCase(choicesOf(seed));
        await live(life, {
          server,
          warehouse: clickhouse,
          compare: ({ expected, shown, letters }) =>
            assertEquals({ shown, letters }, { shown: expected, letters: [] }, `seed ${seed}: ${caseName(life)}`),
        });
      }
    } finally {
      await clickhouse?.close();
      await server?.close();
      await Deno.remove(path, { recursive: true });
    }
  },
});
