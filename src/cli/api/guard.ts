import type { Route, Routes } from "../http_server.ts";
import { type Access, isAllowed, isSameOrigin, type Origin } from "./access.ts";
import { problem, RequestError, ROWS_HIDDEN } from "./answer.ts";
import { refusalOf } from "./refusal_of.ts";

/**
 * The routes, for those who may use them: see {@link isAllowed}. What is posted must come from a page of our own, or
 * from none. What they throw becomes an answer: see {@link refusalOf}; 500 for anything else.
 */
export function guarded(routes: Routes, access: GuardOptions): Routes {
  return Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, guard(route, access)]));
}

/** Who may ask, and what is told of errors. */
interface GuardOptions extends Access {
  /** False: of errors that may quote what rows hold only the name. True if absent. */
  readonly showsRows?: boolean;
}

function guard(route: Route, access: GuardOptions): Route {
  return async (request, from) => {
    if (!isAllowed(request, { ...access, ...from })) return refused(access, from);
    if (request.method !== "GET" && request.method !== "HEAD" && !isSameOrigin(request)) {
      return problem(403, "Only from the console's own page, or from a program: this comes from another page");
    }
    try {
      return await route(request, from);
    } catch (error) {
      const { status, message } = refusalOf(error) ?? { status: 500, message: (error as Error).message };
      const isTold = access.showsRows !== false || error instanceof RequestError || error instanceof URIError;
      return problem(status, isTold ? message : `${(error as Error).name}. ${ROWS_HIDDEN}`);
    }
  };
}

function refused({ password }: Access, { loopback }: Origin): Response {
  if (password !== null) return problem(401, "Only with the password, as Authorization: Bearer ...");
  return problem(
    403,
    loopback
      ? "Only for this machine"
      : "Only for this machine, at 127.0.0.1 or localhost, and no page but the console's: set WEIR_STORE_PASSWORD to " +
        "let others ask who know it",
  );
}
