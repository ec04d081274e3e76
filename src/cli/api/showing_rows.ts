import type { Routes } from "../http_server.ts";
import { RequestError } from "./answer.ts";
import type { Watched } from "./watched.ts";

/** @throws RequestError where what rows hold is not to be shown */
export function checkShown({ showsRows }: Pick<Watched, "showsRows">): void {
  if (!showsRows) throw new RequestError(403, "Contents of rows are not shown here: WEIR_CONSOLE_ROWS is off");
}

/** Routes whose answers to a GET hold rows. */
export function showingRows(routes: Routes, watched: Pick<Watched, "showsRows">): Routes {
  return Object.fromEntries(
    Object.entries(routes).map(([name, route]) =>
      name.startsWith("GET ") ? [name, (...asked) => (checkShown(watched), route(...asked))] : [name, route]
    ),
  );
}
