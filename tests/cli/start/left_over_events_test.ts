import { assertEquals } from "@std/assert";
import { z } from "zod";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { loadConfiguration } from "../../../src/cli/config/configuration.ts";
import { leftOverEvents } from "../../../src/cli/start/left_over_events.ts";
import type { World } from "../../../src/cli/start/world.ts";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { permitted, withDirectory } from "../support.ts";

const server = clickHouseOfFile();

const things = debezium("shop.public.things", { key: ["id"], row: z.object({ id: z.int() }) });
const named = (name: string) =>
  topology(name, (builder) => {
    builder.table(things).to(clickhouse(name, { key: ["id"], columns: { id: "Int64" } }));
  });

Deno.test({
  name: "start names the table of a removed topology with the command that drops it, unless a file does not run",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const warehouse = openClickHouse({ url: server().url, database: "default" });
      const spec = { columns: [{ name: "id", type: "Int64" }], key: ["id"], shares: false };
      for (const name of ["kept", "removed"]) await warehouse.ensure({ ...spec, name });
      await Deno.writeTextFile(`${directory}/kept.ts`, "");
      const configuration = {
        ...loadConfiguration(),
        topologiesDirectory: directory,
        dataDirectory: ".data",
        database: "default",
      };
      const textsOf = async (mode: World["mode"]) => {
        const world = { mode, ports: { warehouse } as World["ports"] };
        return (await leftOverEvents({ configuration, topologies: [named("kept")] }, world)).map(({ text }) => text);
      };
      const statement = "DROP VIEW `default`.`removed`; DROP TABLE `default`.`removed_rows`";
      const begin = `No topology of ${directory}/ writes table "removed" any more. If `;
      assertEquals(await textsOf("embedded"), [
        `${begin}nobody needs it, remove it with: deno task query --write '${statement}'`,
      ]);
      assertEquals(await textsOf("real"), [
        `${begin}nothing else writes it and nobody needs it, remove it with: ${statement}`,
      ]);
      // A file that cannot be imported, or was not asked for, may be the one that writes it.
      await Deno.writeTextFile(`${directory}/broken.ts`, "");
      assertEquals(await textsOf("embedded"), []);
      await warehouse.close();
    }),
});
