import type { Instance } from "../../runtime/runner.ts";
import { placeText } from "../../runtime/explain/event_place.ts";
import { rowMasksOf } from "../../runtime/stores/row_masks.ts";
import { type Passed, Taps } from "../../runtime/stores/taps.ts";
import { masked, SHOWN } from "../../record/mask.ts";
import { didYouMean } from "../../record/nearest.ts";
import type { Routes } from "../http_server.ts";
import { exactJson } from "../store/store_values.ts";
import { RequestError } from "./answer.ts";
import type { TappedRow } from "./answers.ts";
import { type EventSink, eventStream, pause } from "./event_stream.ts";
import { shortened } from "./shortened.ts";
import { checkShown } from "./showing_rows.ts";
import { tapOthers } from "./tap_others.ts";
import type { Watched } from "./watched.ts";

/** Rows a second of one instance, and looks for tasks that have begun. */
const ROWS_PER_SECOND = 20;
const TEND_MS = 1_000;

/** By run of a topology. */
const TAPS = new WeakMap<Instance, Taps>();

/**
 * `GET /api/tap/<topology>/<node>`: a sample of the rows that pass an operator, as events `row`, from all instances, as
 * long as somebody reads; `?local=true`: of this instance alone. An event `problem` names an instance of which nothing
 * is seen: see {@link tapOthers}.
 */
export function tapRoutes(watched: Watched): Routes {
  return {
    "GET /api/tap/*": (request) => {
      const { pathname, searchParams } = new URL(request.url);
      const [topology = "", node = "", ...rest] = pathname.split("/").slice(3).map(decodeURIComponent);
      checkShown(watched);
      const { instance, others } = runningOf(watched, topology);
      // Whoever reads asks again when the stream ends, and is given rows of the next try then.
      const runs = () => watched.runs.some(({ runner }) => runner?.instance === instance);
      const known = [
        ...instance.topology.nodes.map(({ id }) => `op${id}`),
        ...instance.topology.streams.map(({ id }) => `ev${id}`),
      ];
      if (rest.length > 0 || !known.includes(node)) {
        throw new RequestError(404, `There is no node "${[node, ...rest].join("/")}": GET /api/plan lists them`);
      }
      const path = `/api/tap/${encodeURIComponent(topology)}/${encodeURIComponent(node)}?local=true`;
      return eventStream(async ({ send, gone }) => {
        const ended = new AbortController();
        const sink = { send, gone: AbortSignal.any([gone, ended.signal]) };
        await Promise.all([
          // When it ends here, it ends: rows of this instance would be missing from then on.
          tapHere(instance, { node, sink, runs }).finally(() => ended.abort()),
          ...searchParams.has("local") ? [] : [tapOthers({ others, path, password: watched.password }, sink)],
        ]);
      });
    },
  };
}

/** @throws RequestError if there is no such topology, or nothing of it runs */
function runningOf(
  { runs }: Watched,
  topology: string,
): { readonly instance: Instance; readonly others: () => readonly string[] } {
  const run = runs.find(({ name }) => name === topology);
  const names = runs.map(({ name }) => name);
  if (run === undefined) {
    const there = names.join(", ");
    throw new RequestError(404, `There is no topology "${topology}": there are ${there}${didYouMean(topology, names)}`);
  }
  const instance = run.runner?.instance ?? null;
  if (instance === null) {
    throw new RequestError(503, `Nothing of topology "${topology}" runs yet: it is ${run.state}. Try again later`);
  }
  return { instance, others: () => run.runner?.others() ?? [] };
}

async function tapHere(
  instance: Instance,
  { node, sink: { send, gone }, runs }: {
    readonly node: string;
    readonly sink: EventSink;
    readonly runs: () => boolean;
  },
): Promise<void> {
  const taps = TAPS.getOrInsertComputed(instance, () => new Taps(instance));
  const mask = rowMasksOf(instance)?.node(node) ?? { key: SHOWN, row: SHOWN };
  const tap = {
    wanted: true,
    give: ({ key, row, place }: Passed) => {
      const shown: TappedRow = {
        at: Date.now(),
        key: shortened(masked(key, mask.key)),
        row: shortened(masked(row, mask.row)),
        ...place === undefined ? {} : { place: placeText(place) },
      };
      send("row", exactJson(shown));
    },
  };
  const close = taps.open(node, tap);
  try {
    for (let looks = 0; !gone.aborted && runs(); looks++) {
      tap.wanted = true;
      if (looks % (TEND_MS * ROWS_PER_SECOND / 1_000) === 0) taps.tend();
      await pause(1_000 / ROWS_PER_SECOND, gone);
    }
  } finally {
    close?.();
  }
}
