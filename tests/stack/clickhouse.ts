/**
 * ClickHouse's HTTP interface as a service of the stack, until SIGTERM. Arguments: data directory, port, port of the
 * read-only address. The passwords are beside the data directory.
 */
import { dirname } from "node:path/posix";
import { startEmbeddedClickHouse } from "../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { openAccounts } from "../../src/cli/embedded_accounts.ts";

const [path, port, readerPort] = Deno.args;
await Deno.mkdir(dirname(path), { recursive: true });
const accounts = await openAccounts(dirname(path));
const server = await startEmbeddedClickHouse({ path, accounts, port: Number(port), readerPort: Number(readerPort) });
console.log(`ClickHouse ${server.version} ready at ${server.url}, read-only at ${server.readerUrl}`);
Deno.addSignalListener("SIGTERM", async () => {
  await server.close();
  Deno.exit(0);
});
