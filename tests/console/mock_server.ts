import type { LiveState, Plan, QueryResult } from "../../console/api/contract.ts";
import { knowsPassword } from "../../src/cli/bearer.ts";
import { consoleRoutes } from "../../src/cli/console/console_routes.ts";
import { type HttpServer, type Route, type Routes, serveHttp } from "../../src/cli/http_server.ts";
import cartAbandonment from "../../topologies/cart_abandonment.ts";
import orderFunnel from "../../topologies/order_funnel.ts";
import sales from "../../topologies/sales.ts";
import { explanationOf } from "./mock_explanations.ts";
import { MockLetters } from "./mock_letters.ts";
import { plannedOf } from "./mock_plan.ts";
import { answerOf, HOSTILE } from "./mock_query.ts";
import { newStanding, type Standing } from "./mock_standing.ts";
import { stateAt } from "./mock_state.ts";

const STATE_EVERY_MS = 400;
const ROW_EVERY_MS = 150;

/** An instance that serves the real page, and answers its questions with what a test wants. */
export interface MockServer {
  readonly url: string;
  readonly standing: Standing;
  readonly letters: MockLetters;
  /** Paths asked for, in order; without what is behind a question mark. */
  readonly asked: readonly string[];
  /** Taps that are open. */
  readonly taps: () => number;
  /** Breaks all streams off and is gone, until the function given back is called. */
  disconnect(): Promise<() => void>;
  close(): Promise<void>;
}

export function startMock(): MockServer {
  const planned = [sales, orderFunnel, cartAbandonment].map(plannedOf);
  const standing = newStanding(Date.now());
  const letters = new MockLetters(Date.now());
  standing.openLetters = () => letters.open;
  const asked: string[] = [];
  let taps = 0;
  const routes: Routes = {
    ...consoleRoutes(),
    "GET /api/plan": () => json({ version: 1, topologies: planned } satisfies Plan),
    "GET /api/state": () =>
      events(
        { name: "state", everyMs: STATE_EVERY_MS },
        () => stateAt(Date.now(), { standing, planned }) satisfies LiveState,
      ),
    "GET /api/*": (request) => {
      const { pathname, searchParams } = new URL(request.url);
      const [, , endpoint, ...rest] = pathname.split("/").map(decodeURIComponent);
      if (endpoint === "tap") {
        taps++;
        let number = 0;
        return events({ name: "row", everyMs: ROW_EVERY_MS, onEnd: () => taps-- }, () => tapped(number++));
      }
      if (endpoint === "explain") {
        return json(
          explanationOf({ topology: rest[0], table: rest[1], key: rest[2] ?? [...searchParams.values()].join() }),
        );
      }
      if (endpoint === "dead-letters" && rest.length === 0) return json(letters.list(searchParams));
      if (endpoint === "dead-letters") {
        const letter = letters.one(rest[0]);
        return letter === undefined ? problem(404, `There is no dead letter "${rest[0]}"`) : json(letter);
      }
      return missing();
    },
    "POST /api/dead-letters/replay": async (request) => json(letters.replay(await request.json())),
    "POST /api/query": async (request) => {
      const answer: QueryResult | null = answerOf((await request.json()).sql);
      return answer === null
        ? problem(400, "Cannot run a statement that writes: use deno task query --write")
        : json(answer);
    },
  };
  const guarded: Routes = Object.fromEntries(
    Object.entries(routes).map(([name, route]) => [name, guard(route, { standing, asked })]),
  );
  let server: HttpServer = serveHttp({ host: "127.0.0.1", port: 0 }, guarded);
  const { url, port } = server;
  return {
    url,
    standing,
    letters,
    asked,
    taps: () => taps,
    async disconnect() {
      await server.close();
      return () => server = serveHttp({ host: "127.0.0.1", port }, guarded);
    },
    close: () => server.close(),
  };
}

function guard(
  route: Route,
  { standing, asked }: { readonly standing: Standing; readonly asked: string[] },
): Route {
  return (request, from) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname);
    if (!pathname.startsWith("/api/")) return route(request, from);
    if (search.includes("password")) return problem(400, "A password has no place in an address");
    const endpoint = pathname.split("/").slice(0, 3).join("/");
    if (standing.missing.has(endpoint)) return missing();
    if (standing.password !== null && !knowsPassword(request, standing.password)) {
      return problem(401, "Only with the password of the console, as Authorization: Bearer ...");
    }
    return route(request, from);
  };
}

function tapped(number: number): unknown {
  const hostile = number % 10 === 9;
  return {
    at: Date.now(),
    key: 4_711 + number,
    row: number % 12 === 7 ? null : {
      order_item_id: String(4_711 + number),
      product: hostile ? HOSTILE[0] : "Enamel Kettle",
      status: "paid",
      quantity: 1 + number % 3,
      amount: "24.90",
    },
  };
}

function json(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
}

/** As the server of HTTP answers for paths that nobody has. */
function missing(): Response {
  return problem(404, "Not found: there are GET /api, GET /api/plan");
}

function problem(status: number, error: string): Response {
  return new Response(JSON.stringify({ error }), { status, headers: { "content-type": "application/json" } });
}

function events(
  { name, everyMs, onEnd = () => {} }: { readonly name: string; readonly everyMs: number; readonly onEnd?: () => void },
  make: () => unknown,
): Response {
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = () => controller.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(make())}\n\n`));
      send();
      timer = setInterval(send, everyMs);
    },
    cancel() {
      clearInterval(timer);
      onEnd();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
