import type { Route, Routes } from "../http_server.ts";
import { type Access, isAllowed, isSameOrigin, type Origin } from "./access.ts";
import { problem, RequestError } from "./answer.ts";

/**
 * The routes, for those who may use them: see {@link isAllowed}. What is posted must come from a page of our own, or
 * from none. What they throw becomes an answer: {@link RequestError} with its status, a path that cannot be decoded
 * (`URIError`) and what cannot be asked (`TypeError`, `RangeError`) with 400.
 */
export function guarded(routes: Routes, access: Access): Routes {
  return Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, guard(route, access)]));
}

function guard(route: Route, access: Access): Route {
  return async (request, from) => {
    if (!isAllowed(request, { ...access, ...from })) return refused(access, from);
    if (request.method !== "GET" && request.method !== "HEAD" && !isSameOrigin(request)) {
      return problem(403, "Only from the console's own page, or from a program: this comes from another page");
    }
    try {
      return await route(request, from);
    } catch (error) {
      if (error instanceof RequestError) return problem(error.status, error.message);
      const asked = error instanceof URIError || error instanceof TypeError || error instanceof RangeError;
      if (asked) return problem(400, error.message);
      throw error;
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
