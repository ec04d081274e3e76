import type { Routes } from "../http_server.ts";
import { json } from "./answer.ts";
import type { Watched } from "./watched.ts";

/**
 * `GET /api/verify`: what the last `verify` on this data directory said, whether one is under way, and what is compared
 * while everything runs.
 */
export function verifyRoutes(watched: Pick<Watched, "status" | "verifying">): Routes {
  return {
    "GET /api/verify": () => {
      const { proof, continuous } = watched.status();
      return json({ proof, running: watched.verifying(), continuous });
    },
  };
}
