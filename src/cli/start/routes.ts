import type { StoredLetters } from "../../adapters/local/stored_letters.ts";
import type { Access } from "../api/access.ts";
import { apiRoutes } from "../api/api_routes.ts";
import { guarded } from "../api/guard.ts";
import { showingRows } from "../api/showing_rows.ts";
import type { Watched } from "../api/watched.ts";
import { consoleRoutes } from "../console/console_routes.ts";
import { explainRoutes } from "../explain/explain_routes.ts";
import type { Route, Routes } from "../http_server.ts";
import { letterRoutes } from "../letters/letter_routes.ts";
import { PRODUCE_PATH } from "../produce/produce_route.ts";
import type { PrometheusMetrics } from "../prometheus.ts";
import { type StoreRouteOptions, storeRoutes } from "../store/store_routes.ts";
import { oneLine } from "./failure.ts";
import { failedRuns, type ShownRun } from "./shown_run.ts";
import { reportTopologies } from "./topology_metrics.ts";

/** What can be asked of a running instance. */
export interface RouteOptions {
  readonly metrics: PrometheusMetrics;
  readonly runs: readonly ShownRun[];
  /** Why the instance as a whole is not ready; null when it is. */
  readonly notReady: () => string | null;
  /** Comes to rest, holds the demo store and calls back with what is unfinished; the function given back lets go. */
  readonly rest: (deadlineMs: number, signal: AbortSignal) => Promise<{ unfinished: string[]; release: () => void }>;
  /** Takes records for the log of this instance; null if it is not its own. */
  readonly produce: Route | null;
  readonly stores: Omit<StoreRouteOptions, "runs">;
  /** Who may use what is below `/api`. */
  readonly access: Access;
  /** By which instances ask each other how far they are. */
  readonly proofRoutes: Routes;
  /** What is told there. */
  readonly watched: Watched;
  /** Its dead letters. */
  readonly letters: StoredLetters;
}

const REST_SECONDS_MAX = 600;
const BEAT_MS = 1_000;

/**
 * The console; `/metrics`, `/livez`, `/readyz`; `/store/` and `/api` for who may see rows; for this machine only `POST
 * /rest` and `POST /produce`.
 */
export function routesOf(options: RouteOptions): Routes {
  const { metrics, runs, notReady } = options;
  return {
    "GET /metrics": async () => {
      reportTopologies(runs, metrics);
      return new Response(await metrics.text(), { headers: { "content-type": metrics.contentType } });
    },
    // That it answers at all is the answer.
    "GET /livez": () => new Response("ok\n"),
    "GET /readyz": () => {
      const general = notReady();
      const reasons = general === null ? [] : [general];
      const ready: string[] = [];
      for (const run of runs) {
        const unready = run.unready();
        if (unready.length === 0) ready.push(run.name);
        reasons.push(...unready.map((reason) => `${run.name}: ${reason}`));
      }
      if (reasons.length === 0) {
        // What is left of problems has happened, and no waiting mends it.
        const past = runs.flatMap((run) => run.problems().map((problem) => `- ${run.name}: ${oneLine(problem)}\n`));
        return new Response(`ok\n${past.join("")}`);
      }
      const list = reasons.map((reason) => `- ${oneLine(reason)}\n`).join("");
      const rest = ready.length === 0 ? "" : `ready: ${ready.join(", ")}\n`;
      return new Response(`not ready\n${list}${rest}`, { status: 503 });
    },
    ...consoleRoutes(),
    ...storeRoutes({ runs, ...options.stores }),
    ...guarded({
      ...apiRoutes(options.watched),
      ...options.proofRoutes,
      ...showingRows({
        ...explainRoutes({ runs, access: options.access, letters: options.letters }),
        ...letterRoutes({
          ...{ runs, letters: options.letters, nowMs: Date.now },
          showsRows: options.watched.showsRows,
        }),
      }, options.watched),
    }, { ...options.access, showsRows: options.watched.showsRows }),
    "POST /rest": (request, { loopback }) =>
      loopback ? restStream(request, options) : new Response("Only for this machine\n", { status: 403 }),
    ...(options.produce === null ? {} : { [`POST ${PRODUCE_PATH}`]: options.produce }),
  };
}

/**
 * JSON lines: `{"rest":true,"unfinished":[],"topologies":[...],"failed":[]}` once everything is applied (or `rest`
 * false at the deadline), then an empty line a second. The rest lasts until the client goes away. `failed`: why
 * topologies do not run; nobody waits for them.
 */
function restStream(request: Request, { runs, rest }: RouteOptions): Response {
  const asked = Number(new URL(request.url).searchParams.get("seconds") ?? "60");
  const seconds = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), REST_SECONDS_MAX) : 60;
  const gone = new AbortController();
  const encoder = new TextEncoder();
  let release: () => void = () => {};
  let beat: ReturnType<typeof setInterval> | undefined;
  const end = () => {
    gone.abort();
    clearInterval(beat);
    release();
  };
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const held = await rest(Date.now() + seconds * 1000, gone.signal);
      release = held.release;
      if (gone.signal.aborted) return release();
      const { unfinished } = held;
      const topologies = runs.map(({ name }) => name);
      const line = { rest: unfinished.length === 0, unfinished, topologies, failed: failedRuns(runs) };
      controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
      // Something must be sent for a vanished client to be noticed.
      beat = setInterval(() => controller.enqueue(encoder.encode("\n")), BEAT_MS);
    },
    cancel: end,
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}
