/**
 * ClickHouse's HTTP interface as a service of the stack, until SIGTERM. Arguments: data directory, port, port of the
 * read-only address.
 */
import { startEmbeddedClickHouse } from "../../src/adapters/embedded_clickhouse/clickhouse.ts";

const [path, port, readerPort] = Deno.args;
const server = await startEmbeddedClickHouse({ path, port: Number(port), readerPort: Number(readerPort) });
console.log(`ClickHouse ${server.version} ready at ${server.url}, read-only at ${server.readerUrl}`);
Deno.addSignalListener("SIGTERM", async () => {
  await server.close();
  Deno.exit(0);
});
