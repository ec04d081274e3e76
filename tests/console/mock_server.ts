import type { Demo, LiveState, Plan, QueryResult } from "../../console/api/contract.ts";
import type { Access } from "../../src/cli/api/access.ts";
import { json, RequestError, ROWS_HIDDEN } from "../../src/cli/api/answer.ts";
import { eventStream, pause } from "../../src/cli/api/event_stream.ts";
import { guarded } from "../../src/cli/api/guard.ts";
import { consoleRoutes } from "../../src/cli/console/console_routes.ts";
import { type HttpServer, type Route, type Routes, serveHttp } from "../../src/cli/http_server.ts";
import fraudSignals from "../../topologies/fraud_signals.ts";
import cartAbandonment from "../../topologies/cart_abandonment.ts";
import orderFunnel from "../../topologies/order_funnel.ts";
import sales from "../../topologies/sales.ts";
import { explanationOf } from "./mock_explanations.ts";
import { MockLetters } from "./mock_letters.ts";
import { maskedPlan, plannedOf } from "./mock_plan.ts";
import { answerOf, HOSTILE, maskedRefusal } from "./mock_query.ts";
import { newStanding, type Standing } from "./mock_standing.ts";
import { stateAt } from "./mock_state.ts";

export { ROWS_HIDDEN };

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
  const planned = [sales, orderFunnel, cartAbandonment, fraudSignals].map(plannedOf);
  const standing = newStanding(Date.now());
  const letters = new MockLetters(Date.now());
  standing.openLetters = () => letters.open;
  const asked: string[] = [];
  let taps = 0;
  const api: Routes = {
    "GET /api/plan": () =>
      json({ version: 1, topologies: planned.map((plan) => maskedPlan(plan, standing)) } satisfies Plan),
    "GET /api/state": () =>
      events(
        { name: "state", everyMs: STATE_EVERY_MS },
        () => stateAt(Date.now(), { standing, planned }) satisfies LiveState,
      ),
    ...rowsShown(standing, {
      "GET /api/tap/*": () => {
        taps++;
        let number = 0;
        const first = standing.tapProblem;
        return events({ name: "row", everyMs: ROW_EVERY_MS, first, onEnd: () => taps-- }, () => tapped(number++));
      },
      "GET /api/explain/*": (request) => {
        const [topology, table, key] = partsOf(request);
        const columns = [...new URL(request.url).searchParams.values()];
        return json(explanationOf({ topology, table, key: key ?? columns.join() }));
      },
      "GET /api/dead-letters": (request) => json(letters.list(new URL(request.url).searchParams)),
      "GET /api/dead-letters/*": (request) => {
        const [id] = partsOf(request);
        const letter = letters.one(id);
        if (letter === undefined) throw new RequestError(404, `There is no dead letter "${id}"`);
        return json(letter);
      },
      "GET /api/demo": () => json({ pid: 4_711, sale: SALE } satisfies Demo),
      "POST /api/query": async (request) => json(queried((await request.json()).sql, standing)),
    }),
    "POST /api/dead-letters/replay": async (request) => json(letters.replay(await request.json())),
  };
  const routes: Routes = Object.fromEntries(
    Object.entries({ ...consoleRoutes(), ...known(standing, guarded(api, accessTo(standing))) }).map((
      [name, route],
    ) => [
      name,
      (request, from) => {
        asked.push(new URL(request.url).pathname);
        return route(request, from);
      },
    ]),
  );
  let server: HttpServer = serveHttp({ host: "127.0.0.1", port: 0 }, routes);
  const { url, port } = server;
  return {
    url,
    standing,
    letters,
    asked,
    taps: () => taps,
    async disconnect() {
      await server.close();
      return () => server = serveHttp({ host: "127.0.0.1", port }, routes);
    },
    close: () => server.close(),
  };
}

/** @throws RequestError for what an instance would not answer */
function queried(sql: string, { masked }: Standing): QueryResult {
  const refusal = maskedRefusal(sql, masked);
  if (refusal !== null) throw new RequestError(403, refusal);
  const answer = answerOf(sql);
  if (answer !== null) return answer;
  throw new RequestError(400, "Cannot run a statement that writes: use deno task query --write");
}

/** Routes that a version of Weir has, unless a test says that it has not: as the server answers for any such path. */
function known({ missing }: Standing, routes: Routes): Routes {
  const changed = (route: Route): Route => (request, from) => {
    const endpoint = new URL(request.url).pathname.split("/").slice(0, 3).join("/");
    return missing.has(endpoint)
      ? Response.json({ error: "Not found: there are GET /api, GET /api/plan" }, { status: 404 })
      : route(request, from);
  };
  return Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, changed(route)]));
}

/** Whoever may ask changes with what a test decides. */
function accessTo(standing: Standing): Access {
  return {
    get password() {
      return standing.password;
    },
  };
}

function rowsShown(standing: Standing, routes: Routes): Routes {
  const shown = (route: Route): Route => (request, from) => {
    if (standing.hidesRows) throw new RequestError(403, ROWS_HIDDEN);
    return route(request, from);
  };
  return Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, shown(route)]));
}

/** What stands behind the endpoint's name in a path. */
function partsOf(request: Request): string[] {
  return new URL(request.url).pathname.split("/").slice(3).map(decodeURIComponent);
}

const SALE: Demo["sale"] = {
  order_item_id: 4_711,
  order_id: 1_893,
  product_id: 17,
  product: "Enamel Kettle",
  seller_id: 3,
  seller: "Holm & Sons",
  quantity: 2,
  unit_price: "24.90",
};

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

function events(
  { name, everyMs, first = null, onEnd = () => {} }: {
    readonly name: string;
    readonly everyMs: number;
    /** Told before everything else, as a problem. */
    readonly first?: unknown;
    readonly onEnd?: () => void;
  },
  make: () => unknown,
): Response {
  return eventStream(async ({ send, gone }) => {
    if (first !== null) send("problem", JSON.stringify(first));
    while (!gone.aborted) {
      send(name, JSON.stringify(make()));
      await pause(everyMs, gone);
    }
    onEnd();
  });
}
