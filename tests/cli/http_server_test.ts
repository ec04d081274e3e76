import { assert, assertEquals, assertThrows } from "@std/assert";
import { type HttpServer, serveHttp } from "../../src/cli/http_server.ts";
import { createPrometheusMetrics } from "../../src/cli/prometheus.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { permitted } from "./support.ts";

const HOST = "127.0.0.1";

async function answer(url: string, init?: RequestInit): Promise<{ status: number; text: string }> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
}

async function withServer(server: HttpServer, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } finally {
    await server.close();
  }
}

Deno.test("serveHttp() answers its routes, and tells what there is for others", { ignore: !permitted }, async () => {
  const server = serveHttp({ host: HOST, port: 0 }, {
    "GET /a": () => new Response("A"),
    "GET /c": () => new Response("C"),
    "GET /c/*": (request) => new Response(new URL(request.url).pathname),
    "GET /c/e/*": () => new Response("deeper"),
    "POST /b": () => {
      throw new Error("broken");
    },
  });
  await withServer(server, async () => {
    assertEquals(await answer(`${server.url}/a`), { status: 200, text: "A" });
    assertEquals((await answer(`${server.url}/a`, { method: "HEAD" })).status, 200);
    assertEquals(await answer(`${server.url}/b`, { method: "POST" }), { status: 500, text: "broken\n" });
    assertEquals(await answer(`${server.url}/c`), { status: 200, text: "C" });
    assertEquals(await answer(`${server.url}/c/d%2Fe/f`), { status: 200, text: "/c/d%2Fe/f" });
    assertEquals(await answer(`${server.url}/c/e/f/g`), { status: 200, text: "deeper" });
    assertEquals(await answer(`${server.url}/c/ef/g`), { status: 200, text: "/c/ef/g" });
    assertEquals((await answer(`${server.url}/cd`)).status, 404);
    for (const [path, status] of [["/d", 404], ["/b", 405]] as const) {
      const missing = await answer(`${server.url}${path}`);
      assertEquals(missing.status, status);
      assert(missing.text.includes("GET /a") && missing.text.includes("POST /b"), missing.text);
    }
    assertEquals((await fetch(`${server.url}/b`)).headers.get("allow"), "POST");
  });
});

Deno.test("serveHttp() takes the next free port when the one asked for is in use", { ignore: !permitted }, async () => {
  const first = serveHttp({ host: HOST, port: 0 }, {});
  await withServer(first, async () => {
    const second = serveHttp({ host: HOST, port: first.port }, {});
    await withServer(second, () => Promise.resolve(assert(second.port > first.port)));
  });
});

Deno.test("serveHttp() refuses an address that is not this machine's", { ignore: !permitted }, () => {
  assertThrows(() => serveHttp({ host: "192.0.2.1", port: 0 }, {}), ConfigError, "Cannot listen on 192.0.2.1:0");
});

Deno.test(
  "serveHttp() tells a program on this machine from a page in its browser",
  { ignore: !permitted },
  async () => {
    const server = serveHttp({ host: HOST, port: 0 }, {
      "POST /who": (_, { loopback }) => new Response(String(loopback)),
    });
    await withServer(server, async () => {
      const ask = async (headers: Record<string, string>) =>
        (await answer(`${server.url}/who`, { method: "POST", headers })).text;
      assertEquals(await ask({}), "true");
      assertEquals(await ask({ origin: "http://elsewhere.example" }), "false");
      assertEquals(await ask({ origin: "null" }), "false");
      assertEquals(await ask({ origin: server.url }), "true", "our own page");
      assertEquals(await ask({ origin: server.url.replace("http:", "https:") }), "false");
      assertEquals(await ask({ "sec-fetch-site": "cross-site" }), "false");
      assertEquals(await ask({ "sec-fetch-site": "same-site" }), "false", "a page of another port");
      assertEquals(await ask({ "sec-fetch-site": "same-origin" }), "true");
    });
  },
);

Deno.test(
  "createPrometheusMetrics() counts, adds up over labels, and prints every kind",
  { ignore: !permitted },
  async () => {
    const metrics = createPrometheusMetrics();
    metrics.count("weir_source_records_total", { topology: "a", table: "x" }, 5);
    metrics.count("weir_source_records_total", { topology: "a", table: "y" });
    metrics.count("weir_source_records_total", { topology: "b", table: "x" }, 7);
    metrics.gauge("weir_ready", { topology: "a" }, 1);
    metrics.gauge("weir_ready", { topology: "a" }, 0);
    metrics.observe("weir_sink_insert_seconds", { topology: "a", sink: "s" }, 0.03);
    assertEquals(metrics.total("weir_source_records_total", { topology: "a" }), 6);
    assertEquals(metrics.total("weir_source_records_total", { table: "x" }), 12);
    assertEquals(metrics.total("weir_sink_rows_total", {}), 0);
    const lines = (await metrics.text()).split("\n");
    for (
      const line of [
        'weir_source_records_total{topology="a",table="x"} 5',
        'weir_ready{topology="a"} 0',
        'weir_sink_insert_seconds_bucket{le="0.05",topology="a",sink="s"} 1',
        'weir_sink_insert_seconds_bucket{le="0.025",topology="a",sink="s"} 0',
        "# TYPE process_resident_memory_bytes gauge",
        "# TYPE process_cpu_seconds_total counter",
      ]
    ) assert(lines.includes(line), `${line} in\n${lines.join("\n")}`);
    assertThrows(() => metrics.count("weir_unknown_total", { topology: "a" }), TypeError, "not among METRICS");
  },
);
