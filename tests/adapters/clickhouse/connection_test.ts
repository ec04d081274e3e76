import { assert, assertRejects } from "@std/assert";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import { ProductionError } from "../../../src/record/errors.ts";

Deno.test("connect() reports an insert whose server went away at once, and does not repeat it by itself", async () => {
  let requests = 0;
  const server = createServer((request, response) => {
    const nth = ++requests;
    request.on("data", () => {
      // The second request meets the end of the server, a third one its successor, which waits for a body that never
      // comes.
      if (nth === 2) request.socket.destroy();
    });
    request.on("end", () => {
      if (nth !== 1) return;
      response.setHeader("X-ClickHouse-Summary", JSON.stringify({ written_rows: "1" }));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const connection = connect({ url: `http://127.0.0.1:${port}`, database: "default", requestTimeoutMs: 3_000 });
  const insert = () =>
    connection.insert("insert", {
      statement: "INSERT INTO t FORMAT JSONEachRow",
      body: new TextEncoder().encode("{}\n"),
    });
  try {
    await insert();
    const error = await assertRejects(insert, ProductionError);
    assert(error.retriable);
    assert(!error.message.includes("Timeout"), error.message);
    assert(requests === 2, `${requests} requests were made`);
  } finally {
    await connection.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
