import type { Routes } from "../http_server.ts";
import { json } from "./answer.ts";
import { eventStream, pause } from "./event_stream.ts";
import { type GatheredState, gatheredState } from "./gathered_state.ts";
import { localState } from "./local_state.ts";
import type { Watched } from "./watched.ts";

const EVERY_MS = 1_000;
/** Several who look are told the same if they look within this time. */
const SAME_MS = 500;

/**
 * `GET /api/state`: how everything stands, once a second as an event `state`, until the reader goes away;
 * `?once=true`: once, as JSON; `?local=true`: of this instance alone, once, as instances ask each other.
 */
export function stateRoutes(watched: Watched): Routes {
  let last: { readonly ms: number; readonly state: Promise<GatheredState> } | null = null;
  const state = (): Promise<GatheredState> => {
    const ms = performance.now();
    if (last === null || ms - last.ms > SAME_MS) last = { ms, state: gatheredState(watched) };
    return last.state;
  };
  return {
    "GET /api/state": async (request) => {
      const { searchParams } = new URL(request.url);
      if (searchParams.has("local")) return json(localState(watched));
      if (searchParams.has("once")) return json(await state());
      return eventStream(async ({ send, gone }) => {
        while (!gone.aborted) {
          send("state", JSON.stringify(await state()));
          await pause(EVERY_MS, gone);
        }
      });
    },
  };
}
