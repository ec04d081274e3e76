import type { Routes } from "../http_server.ts";
import { RequestError, ROWS_HIDDEN } from "./answer.ts";
import type { Watched } from "./watched.ts";

/** @throws RequestError where what rows hold is not to be shown */
export function checkShown({ showsRows }: Pick<Watched, "showsRows">): void {
  if (!showsRows) throw new RequestError(403, ROWS_HIDDEN);
}

/** Routes whose answers to a GET hold rows. What is posted does something, and must see to its answer itself. */
export function showingRows(routes: Routes, watched: Pick<Watched, "showsRows">): Routes {
  return Object.fromEntries(
    Object.entries(routes).map(([name, route]) =>
      name.startsWith("GET ") ? [name, (...asked) => (checkShown(watched), route(...asked))] : [name, route]
    ),
  );
}
