import type { Routes } from "../http_server.ts";
import { API_VERSION, json } from "./answer.ts";
import { demoRoutes } from "./demo_routes.ts";
import { planRoutes } from "./plan_routes.ts";
import { queryRoutes } from "./query_routes.ts";
import { stateRoutes } from "./state_routes.ts";
import { tapRoutes } from "./tap_routes.ts";
import { verifyRoutes } from "./verify_routes.ts";
import type { Watched } from "./watched.ts";

/**
 * `GET /api`, which version of the API there is, and what looks into a running instance. Nothing here changes it, and
 * nothing else but the demo store.
 */
export function apiRoutes(watched: Watched): Routes {
  return {
    "GET /api": () => json({ version: API_VERSION }),
    ...planRoutes(watched),
    ...stateRoutes(watched),
    ...tapRoutes(watched),
    ...queryRoutes(watched),
    ...verifyRoutes(watched),
    ...demoRoutes(watched),
  };
}
