import type { Routes } from "../http_server.ts";
import { json } from "./answer.ts";

/** Version of the API; it grows with what takes something away from those who use it, and not with what is added. */
const API_VERSION = 1;

/** `GET /api`: which version of the API there is. */
export function apiRoutes(): Routes {
  return { "GET /api": () => json({ version: API_VERSION }) };
}
