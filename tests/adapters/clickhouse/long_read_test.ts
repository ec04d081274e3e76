import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { connect, type Connection } from "../../../src/adapters/clickhouse/connection.ts";
import { ProductionError } from "../../../src/record/errors.ts";

const IDLE_MS = 400;
const PROGRESS = `X-ClickHouse-Progress: {"read_rows":"${"1".repeat(20)}","read_bytes":"${"2".repeat(20)}",` +
  '"written_rows":"0","written_bytes":"0","total_rows_to_read":"1000000000","elapsed_ns":"662334000000"}\r\n';
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n";

interface Asked {
  /** Path and parameters of each request. */
  readonly urls: string[];
  /** Bodies of requests that end a query. */
  readonly kills: string[];
}

type Answer = (socket: Socket) => Promise<void>;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that answers as ClickHouse's does, byte by byte; a KILL QUERY is noted and answered at once. */
async function withServer(
  answer: Answer,
  use: (connection: Connection, asked: Asked) => Promise<void>,
): Promise<void> {
  const asked: Asked = { urls: [], kills: [] };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let text = "";
    let answering = false;
    socket.on("data", (bytes: Uint8Array) => {
      text += new TextDecoder().decode(bytes);
      const body = text.split("\r\n\r\n").slice(1).join("\r\n\r\n");
      if (answering || body === "") return;
      answering = true;
      asked.urls.push(text.split(" ")[1]);
      if (!body.includes("KILL QUERY")) return void answer(socket).catch(() => {});
      asked.kills.push(body);
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const connection = connect({ url: `http://127.0.0.1:${port}`, database: "d", requestTimeoutMs: IDLE_MS });
  try {
    await use(connection, asked);
  } finally {
    await connection.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += new TextDecoder().decode(chunk);
  return text;
}

function queryId(url: string): string {
  return new URL(url, "http://clickhouse").searchParams.get("query_id")!;
}

Deno.test("bytes() waits for a query that takes longer than the idle limit, as long as headers tell of progress", () =>
  withServer(async (socket) => {
    socket.write(HEAD);
    for (let sent = 0; sent < 8; sent++) {
      await sleep(IDLE_MS / 4);
      socket.write(PROGRESS);
    }
    socket.end("\r\n3\r\nabc\r\n0\r\n\r\n");
  }, async (connection, { urls, kills }) => {
    assertEquals(await textOf(connection.bytes("read", "SELECT 1")), "abc");
    const { searchParams } = new URL(urls[0], "http://clickhouse");
    assertEquals(searchParams.get("send_progress_in_http_headers"), "1");
    assert(Number(searchParams.get("http_headers_progress_interval_ms")) <= IDLE_MS / 4);
    assertEquals([searchParams.get("readonly"), searchParams.get("wait_end_of_query")], ["2", "1"]);
    assertEquals(searchParams.get("cancel_http_readonly_queries_on_client_close"), "1");
    assertEquals(kills, []);
  }));

Deno.test("select() waits so, too, and more signs of life than a day has are no error", () =>
  withServer((socket) => {
    socket.write(HEAD + PROGRESS.repeat(24 * 120) + '\r\nc\r\n{"one":"1"}\n\r\n0\r\n\r\n');
    return Promise.resolve();
  }, async (connection) => assertEquals(await connection.select("read", "SELECT 1"), [{ one: "1" }])));

Deno.test("bytes() throws ClickHouse's error, though signs of life went out before it with status 200", () =>
  withServer((socket) => {
    const text = "Code: 241. DB::Exception: Memory limit (total) exceeded. (MEMORY_LIMIT_EXCEEDED)";
    socket.end(
      `${HEAD}${PROGRESS}X-ClickHouse-Exception-Code: 241\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
    );
    return Promise.resolve();
  }, async (connection, { kills }) => {
    const error = await assertRejects(() => textOf(connection.bytes("read", "SELECT 1")), ProductionError);
    assertStringIncludes(error.message, "241");
    assert(error.retriable);
    assertEquals(kills, [], "a query that has failed needs no end");
  }));

Deno.test("a read that is given up is ended by its id: silence, a broken answer, a reader who stops", async (t) => {
  const silent: Answer = () => Promise.resolve();
  const broken: Answer = (socket) => {
    socket.write(`${HEAD}\r\n3\r\nabc\r\n`);
    socket.end();
    return Promise.resolve();
  };
  const open: Answer = (socket) => {
    socket.write(`${HEAD}\r\n3\r\nabc\r\n`);
    return Promise.resolve();
  };
  const bytes = (connection: Connection) => textOf(connection.bytes("read", "SELECT 1"));
  const select = async (connection: Connection) => void await connection.select("read", "SELECT 1");
  const first = async (connection: Connection) => {
    for await (const _ of connection.bytes("read", "SELECT 1")) return;
  };
  const cases: [string, Answer, (connection: Connection) => Promise<unknown>, "throws" | "returns"][] = [
    ["bytes(), silence", silent, bytes, "throws"],
    ["bytes(), broken", broken, bytes, "throws"],
    ["bytes(), the reader stops", open, first, "returns"],
    ["select(), silence", silent, select, "throws"],
    ["select(), broken", broken, select, "throws"],
  ];
  for (const [name, answer, read, outcome] of cases) {
    await t.step(name, () =>
      withServer(answer, async (connection, { urls, kills }) => {
        if (outcome === "returns") await read(connection);
        else assert((await assertRejects(() => read(connection), ProductionError)).retriable);
        await connection.close();
        assertEquals(kills.length, 1);
        assertStringIncludes(kills[0], `KILL QUERY WHERE query_id = '${queryId(urls[0])}'`);
      }));
  }
});
