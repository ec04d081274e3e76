import { assertEquals } from "@std/assert";
import { openPostgresTruth } from "../../../src/cli/verify/postgres_truth.ts";
import { Source } from "../../../src/dsl/source.ts";
import * as byHand from "../../../topologies/online_store/sources.ts";
import { hasPostgres15, startPostgres } from "../../values/postgres_server.ts";
import { runWeir } from "./run_sources.ts";

const FILES = ["01_schema.sql", "02_roles.sql", "03_publication.sql", "04_seed.sql"];

function sourcesOf(module: object): Map<string, Source<never, never>> {
  const sources = Object.entries(module).filter(([, value]) => value instanceof Source);
  return new Map(sources.map(([name, source]) => [name, source]));
}

Deno.test({
  name: "sources pull of the online store reads every row as the sources written by hand do",
  ignore: !hasPostgres15(),
  async fn() {
    const server = await startPostgres();
    const folder = await Deno.makeTempDir({ prefix: "weir-pull-" });
    try {
      await server.query("CREATE DATABASE online_store");
      const url = `postgres://postgres@127.0.0.1:${server.port}/online_store`;
      const root = new URL("../../../compose/init/postgres/", import.meta.url);
      const sql = (await Promise.all(FILES.map((file) => Deno.readTextFile(new URL(file, root))))).join("\n");
      await server.queryIn("online_store", sql);
      const { status, err } = await runWeir(["sources", "pull"], { cwd: folder, env: { SOURCE_DATABASE_URL: url } });
      assertEquals(status, 0, err);
      const pulled = sourcesOf(await import(`file://${folder}/sources.ts`));
      const written = sourcesOf(byHand);
      assertEquals([...pulled.keys()], [...written.keys()]);
      const rest = { host: undefined, port: undefined, database: undefined, user: undefined, password: undefined };
      const truth = await openPostgresTruth({ url, ...rest, sslMode: undefined, ca: null });
      try {
        for (const [name, { spec }] of written) {
          const other = pulled.get(name)!.spec;
          assertEquals([other.topic, other.key, other.name], [spec.topic, spec.key, spec.name]);
          assertEquals(Object.keys(other.row.shape), Object.keys(spec.row.shape));
          const rows = [...await truth.rows(spec)].map(({ after }) => JSON.parse(after));
          assertEquals(rows.length > 0, true, name);
          for (const row of rows) assertEquals(other.row.parse(row), spec.row.parse(row));
        }
      } finally {
        await truth.close();
      }
    } finally {
      await server.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
