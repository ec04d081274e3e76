import { type EmbeddedClickHouse, startEmbeddedClickHouse } from "../src/adapters/embedded_clickhouse/clickhouse.ts";

/** An embedded ClickHouse in a directory of its own, which is removed with it. */
export async function ownClickHouse(): Promise<{ readonly server: EmbeddedClickHouse } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "weir-clickhouse-" });
  const server = await startEmbeddedClickHouse({ path });
  return {
    server,
    async [Symbol.asyncDispose]() {
      await server.close();
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** One for all tests of the file that calls this while it is loaded; the result is for its tests and hooks. */
export function clickHouseOfFile(): () => EmbeddedClickHouse {
  let own: Awaited<ReturnType<typeof ownClickHouse>>;
  Deno.test.beforeAll(async () => void (own = await ownClickHouse()));
  Deno.test.afterAll(async () => await own[Symbol.asyncDispose]());
  return () => own.server;
}
