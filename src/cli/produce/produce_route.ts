import { knowsPassword } from "../bearer.ts";
import type { Log } from "../../ports/log.ts";
import type { Route } from "../http_server.ts";
import { appendRecords, type AppendRequest } from "./append_records.ts";

/** Where an instance takes records of `deno task produce`. */
export const PRODUCE_PATH = "/produce";

/** Largest request, in bytes: far more than one of `deno task produce`, which has one long record at most. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Takes records for the log of this instance, which nobody else may have open. Answers who knows the password of the
 * account that may write, on this machine: whoever can read it could write to the data directory, too.
 */
export function produceRoute(log: Log, password: string): Route {
  return async (request, { loopback }) => {
    if (!loopback || !knowsPassword(request, password)) {
      return new Response("Only for deno task produce\n", { status: 403 });
    }
    const length = Number(request.headers.get("content-length") ?? NaN);
    if (!(length <= BODY_BYTES_MAX)) {
      return new Response(`Cannot take ${length} bytes at once: the limit is ${BODY_BYTES_MAX}\n`, { status: 413 });
    }
    try {
      return Response.json(await appendRecords(log, await request.json() as AppendRequest));
    } catch (error) {
      return new Response(`${(error as Error).message}\n`, { status: 400 });
    }
  };
}
