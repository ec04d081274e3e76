import type { Route, Routes } from "../http_server.ts";
import { consoleAssets } from "./console_assets.ts";

/** Everything comes from here, and nothing is run that is not in the script: whatever a row contains stays a text. */
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const SAFE = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
} as const;

/**
 * `GET /`: the console; `GET /assets/<hash>.<kind>`: what it is made of. They hold no row, so whoever reaches the port
 * may have them; what they show is asked of `/api/`, which decides who may know it.
 */
export function consoleRoutes(): Routes {
  const page: Route = () =>
    new Response(consoleAssets().page, {
      headers: { ...SAFE, "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" },
    });
  const asset: Route = (request) => {
    const { pathname } = new URL(request.url);
    const found = consoleAssets().files.get(pathname);
    if (found === undefined) {
      return new Response("There is no such part of the console: load the page again\n", {
        status: 404,
        headers: SAFE,
      });
    }
    const compressed = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
    return new Response(compressed ? found.gzip : found.text, {
      headers: {
        ...SAFE,
        "content-type": found.type,
        // The name changes with the content.
        "cache-control": "public, max-age=31536000, immutable",
        vary: "accept-encoding",
        ...(compressed ? { "content-encoding": "gzip" } : {}),
      },
    });
  };
  return { "GET /": page, "GET /assets/*": asset };
}
