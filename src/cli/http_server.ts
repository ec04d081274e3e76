import { ConfigError } from "../record/errors.ts";

/** Ports tried after the one asked for. */
const PORTS_TRIED = 100;

/**
 * What answers a request. `loopback`: it comes from this machine, to a name of this machine, and from no page of a
 * browser but our own.
 */
export type Route = (request: Request, from: { readonly loopback: boolean }) => Response | Promise<Response>;

/**
 * Routes by method and path: `GET /metrics`; `GET /store/*` of all paths that begin so, unless there is their own or
 * one that says more of them (`GET /store/one/*`). A HEAD is answered as a GET without its body.
 */
export type Routes = Readonly<Record<string, Route>>;

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Ends at once; requests under way are broken off. */
  close(): Promise<void>;
}

/**
 * Listens on `port`, or on the next free one after it; 0 takes any.
 * @throws ConfigError when none can be had
 */
export function serveHttp(address: { readonly host: string; readonly port: number }, routes: Routes): HttpServer {
  const { host, port } = address;
  for (let tried = port;; tried++) {
    try {
      return listen({ host, port: tried }, routes);
    } catch (error) {
      const taken = error instanceof Deno.errors.AddrInUse;
      if (taken && tried < Math.min(port + PORTS_TRIED, 65_535)) continue;
      const reason = taken ? `ports ${port} to ${tried} are in use` : (error as Error).message;
      throw new ConfigError([`Cannot listen on ${host}:${port} for metrics: ${reason}. Choose another with --port`], {
        cause: error,
      });
    }
  }
}

function listen({ host, port }: { readonly host: string; readonly port: number }, routes: Routes): HttpServer {
  const abort = new AbortController();
  const server = Deno.serve(
    { hostname: host, port, signal: abort.signal, onListen: () => {}, onError: failure },
    async (request, { remoteAddr }) => {
      const remote = remoteAddr.transport === "tcp" ? remoteAddr.hostname : "";
      const from = { loopback: isLoopback(remote) && !fromForeignPage(request) };
      return secured(request, await (routeOf(request, routes) ?? unknownRoute(routes))(request, from));
    },
  );
  const actual = (server.addr as Deno.NetAddr).port;
  return {
    url: `http://${reachableHost(host)}:${actual}`,
    port: actual,
    async close() {
      abort.abort();
      await server.finished;
    },
  };
}

function routeOf(request: Request, routes: Routes): Route | undefined {
  const { pathname } = new URL(request.url);
  const method = request.method === "HEAD" ? "GET" : request.method;
  return namesOf(pathname).map((name) => routes[`${method} ${name}`]).find((route) => route !== undefined);
}

/** How routes may name a path: itself, and what it begins with, the longest first. */
function namesOf(pathname: string): string[] {
  const names = [pathname];
  for (let end = pathname.lastIndexOf("/"); end > 0; end = pathname.lastIndexOf("/", end - 1)) {
    names.push(`${pathname.slice(0, end)}/*`);
  }
  return names;
}

/** Says what there is; 405 with the methods of a path that has others. */
function unknownRoute(routes: Routes): Route {
  return (request) => {
    const { pathname } = new URL(request.url);
    const paths = namesOf(pathname);
    const methods = Object.keys(routes).flatMap((name) => {
      const [method, path] = name.split(" ");
      return paths.includes(path) ? [method] : [];
    });
    const known = methods.length > 0;
    const [status, said] = known ? [405, "Method not allowed"] : [404, "Not found"];
    const headers: Record<string, string> = known ? { allow: [...new Set(methods)].join(", ") } : {};
    if (/^\/api(\/|$)/.test(pathname)) {
      const there = Object.keys(routes).filter((name) => name.includes(" /api")).join(", ");
      return Response.json({ error: `${said}: there are ${there}` }, { status, headers });
    }
    const list = Object.keys(routes).map((name) => `${name}\n`).join("");
    return new Response(`${said}. There are:\n${list}`, { status, headers });
  };
}

/**
 * What browsers are told of every answer, unless it says otherwise itself: it is what its type says, no other page may
 * show it or take it, a page takes nothing from elsewhere, and nothing is kept.
 */
const SECURITY: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

function secured(request: Request, response: Response): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(SECURITY)) if (!headers.has(name)) headers.set(name, value);
  const { status } = response;
  if (request.method !== "HEAD") return new Response(response.body, { status, headers });
  // Whoever produces the body learns that nobody reads it.
  response.body?.cancel().catch(() => {});
  return new Response(null, { status, headers });
}

/** How whoever is on this machine writes the address that is listened on. */
export function reachableHost(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
}

function failure(error: unknown): Response {
  return new Response(`${error instanceof Error ? error.message : String(error)}\n`, { status: 500 });
}

function isLoopback(address: string): boolean {
  return /^127\.|^::1$|^::ffff:127\./.test(address);
}

/**
 * A foreign page must not reach what only this machine's user may do, neither by a form nor by a name that resolves to
 * us. Our own page is of the very address that it asks.
 */
function fromForeignPage({ headers }: Request): boolean {
  const host = headers.get("host") ?? "";
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host)) return true;
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return true;
  const origin = headers.get("origin");
  return origin !== null && origin !== `http://${host}`;
}
