import { assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { postgresSource } from "../../../src/cli/proof/proof_source.ts";
import type { RangedTruth } from "../../../src/cli/verify/ranged_truth.ts";
import { debezium, int8, uuid } from "../../../src/mod.ts";
import { hasPostgres15, startPostgres } from "../../values/postgres_server.ts";

const lines = debezium("shop.public.lines", {
  key: ["order_id", "name"],
  row: z.object({ order_id: int8(), name: z.string(), amount: int8() }),
}).spec;
const tokens = debezium("shop.public.tokens", { key: ["id"], row: z.object({ id: uuid() }) }).spec;
const TOKEN = "00000000-0000-4000-8000-00000000000a";

/** The amounts of rows. */
const amounts = (rows: readonly { readonly after: string }[]) =>
  rows.map(({ after }) => JSON.parse(after).amount).sort();

Deno.test({
  name:
    "postgresSource(): ranges keep rows of one integer together and leave no gap, keys are found, all of one instant",
  ignore: !hasPostgres15(),
  async fn() {
    const server = await startPostgres();
    try {
      await server.query(`CREATE TABLE lines (order_id int, name varchar(20), amount int, PRIMARY KEY (order_id, name));
        INSERT INTO lines VALUES (-3, 'a', 1), (2, 'a', 2), (2, 'B', 3), (2, 'c', 4), (7, 'a', 5);
        CREATE TABLE tokens (id uuid PRIMARY KEY); INSERT INTO tokens VALUES ('${TOKEN}')`);
      const url = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
      const unset = { host: undefined, port: undefined, database: undefined, user: undefined, password: undefined };
      const source = await postgresSource({ ...unset, url, sslMode: undefined, ca: null });
      try {
        const truth: RangedTruth = await source.open();
        const first = await truth.range(lines, { after: null, rowsMax: 2 });
        assertEquals([amounts(first.rows), first.upTo], [[1, 2, 3, 4], "2"]);
        await server.query("INSERT INTO lines VALUES (8, 'new', 6)");
        const second = await truth.range(lines, { after: "2", rowsMax: 2 });
        assertEquals([amounts(second.rows), second.upTo], [[5], null]);
        assertEquals(amounts(await truth.within(lines, { after: "-3", upTo: "2" })), [2, 3, 4]);
        const keys = [["2", "B"], ["7", "a"], ["9223372036854775807", "a"]];
        assertEquals(amounts(await truth.some(lines, { keys, kinds: ["integer", "text"] })), [3, 5]);
        assertEquals((await truth.some(tokens, { keys: [[TOKEN]], kinds: ["uuid"] })).length, 1);
        assertEquals(await truth.some(tokens, { keys: [], kinds: ["uuid"] }), []);
        const mark = await truth.mark();
        await truth.close();
        assertEquals(await source.unsent(mark), "PostgreSQL has no logical replication slot: no connector reads it");

        const again = await source.open();
        assertEquals(amounts(await again.within(lines, { after: "7", upTo: null })), [6]);
        await again.close();
        await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
        await assertRejects(() => source.unsent(mark));
        await (await source.open()).close();
      } finally {
        await source.close();
      }
    } finally {
      await server.close();
    }
  },
});
