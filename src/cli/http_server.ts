import { ConfigError } from "../record/errors.ts";

/** Ports tried after the one asked for. */
const PORTS_TRIED = 100;

/** What answers a request. `loopback`: it comes from this machine, and from no page of a browser. */
export type Route = (request: Request, from: { readonly loopback: boolean }) => Response | Promise<Response>;

/**
 * Routes by method and path: `GET /metrics`; `GET /store/*` of all paths that begin so, unless there is their own, or
 * one of a longer beginning.
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
      const { pathname } = new URL(request.url);
      const method = request.method === "HEAD" ? "GET" : request.method;
      const route = routeOf(routes, `${method} ${pathname}`);
      if (route === undefined) {
        const list = Object.keys(routes).map((name) => `${name}\n`).join("");
        return new Response(`Not found. There are:\n${list}`, { status: 404 });
      }
      const remote = remoteAddr.transport === "tcp" ? remoteAddr.hostname : "";
      return await route(request, { loopback: isLoopback(remote) && !fromPage(request) });
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

function routeOf(routes: Routes, name: string): Route | undefined {
  if (Object.hasOwn(routes, name)) return routes[name];
  // What a path ends with is left out, part by part.
  for (let end = name.lastIndexOf("/"); end > name.indexOf("/"); end = name.lastIndexOf("/", end - 1)) {
    const route = routes[`${name.slice(0, end)}/*`];
    if (route !== undefined) return route;
  }
  return routes[`${name}/*`];
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
 * us.
 */
function fromPage(request: Request): boolean {
  const host = request.headers.get("host") ?? "";
  return request.headers.has("origin") || request.headers.get("sec-fetch-site") === "cross-site" ||
    !/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
}
