import type { Routes } from "../http_server.ts";
import { json } from "./answer.ts";
import type { Watched } from "./watched.ts";

/** `GET /api/verify`: what the last proof on this data directory said, and whether one is under way. */
export function verifyRoutes(watched: Pick<Watched, "status" | "verifying">): Routes {
  return { "GET /api/verify": () => json({ proof: watched.status().proof, running: watched.verifying() }) };
}
