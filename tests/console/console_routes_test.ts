import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { consoleAssets } from "../../src/cli/console/console_assets.ts";
import { consoleRoutes } from "../../src/cli/console/console_routes.ts";
import { serveHttp } from "../../src/cli/http_server.ts";

/** What a browser loads in all. */
const GZIP_BYTES_MAX = 120_000;

async function withServer(test: (url: string) => Promise<void>): Promise<void> {
  const server = serveHttp({ host: "127.0.0.1", port: 0 }, consoleRoutes());
  try {
    await test(server.url);
  } finally {
    await server.close();
  }
}

Deno.test("consoleRoutes() serve a page that may load and run nothing but its own files", () =>
  withServer(async (url) => {
    const response = await fetch(`${url}/`);
    const page = await response.text();
    assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
    const policy = response.headers.get("content-security-policy") ?? "";
    assertStringIncludes(policy, "default-src 'self';");
    assert(!policy.includes("unsafe"), policy);
    assert(!/<script(?![^>]*\bsrc=)|\bstyle=|<style|\bon\w+=/.test(page), "no script or style stands in the page");
    for (const [, path] of page.matchAll(/(?:href|src)="([^"]+)"/g)) assert(path.startsWith("/assets/"), path);
  }));

Deno.test("consoleRoutes() serve files by their hash, compressed, for ever", () =>
  withServer(async (url) => {
    const page = await (await fetch(`${url}/`)).text();
    const paths = [...page.matchAll(/"(\/assets\/[0-9a-f]{16}\.(?:js|css|svg))"/g)].map(([, path]) => path);
    assertEquals(paths.length, 3);
    for (const path of paths) {
      const { text, gzip } = consoleAssets().files.get(path)!;
      assertEquals(new TextDecoder().decode(gunzipSync(gzip)), text);
      const packed = await fetch(url + path, { headers: { "accept-encoding": "gzip" } });
      assertEquals(await packed.text(), text);
      assertStringIncludes(packed.headers.get("cache-control") ?? "", "immutable");
      const plain = await fetch(url + path, { headers: { "accept-encoding": "identity" } });
      assertEquals([await plain.text(), plain.headers.get("content-encoding")], [text, null]);
    }
    const unknown = await fetch(`${url}/assets/0000000000000000.js`);
    assertEquals([unknown.status, (await unknown.text()).includes("load the page again")], [404, true]);
  }));

Deno.test("consoleAssets() are at most 120 KB, compressed", () => {
  const files = [...consoleAssets().files.values()];
  const size = files.reduce((sum, { gzip }) => sum + gzip.length, 0);
  assert(size > 10_000, `the files are there: ${size} bytes`);
  assert(size <= GZIP_BYTES_MAX, `${size} bytes`);
});
