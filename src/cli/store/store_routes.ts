import type { Route, Routes } from "../http_server.ts";
import { isAllowed } from "../api/access.ts";
import { limitedQuestions } from "../api/limited.ts";
import { refusalOf } from "../api/refusal_of.ts";
import type { Runner } from "../../runtime/runner.ts";
import type { StoreSpec } from "../../runtime/stores/store.ts";
import { didYouMean } from "../../record/nearest.ts";
import { gatherAnswer } from "./gather_answer.ts";
import { jsonOf, statusOf, wireOf } from "./gathered_answer.ts";
import { storeQuestion } from "./store_question.ts";
import { exactJson } from "./store_values.ts";

/** What is said to who may not ask. */
const REFUSALS = {
  elsewhere: "Only for this machine: set WEIR_STORE_PASSWORD to let others ask who know it",
  unknown: "Only with the password of the stores, as Authorization: Bearer ...",
} as const;

/** A topology as far as its stores are asked. */
export interface AskedRun {
  readonly name: string;
  readonly state: string;
  readonly runner: Pick<Runner, "stores" | "others" | "topics"> | null;
}

/** Who may ask, and what. */
export interface StoreRouteOptions {
  readonly runs: readonly AskedRun[];
  /** Who knows it may ask, from wherever; null: whoever is on this machine. */
  readonly password: string | null;
  /** Where this instance is, for people. */
  readonly instance: () => string;
}

/**
 * `GET /store/<topology>`: the stores; `GET /store/<topology>/<store>`: rows of one, with how far each partition is,
 * also of other instances. Rows are data, so not everybody is answered who reaches the port.
 */
export function storeRoutes(options: StoreRouteOptions): Routes {
  const asking = limitedQuestions();
  const answer: Route = async (request, from) => {
    if (!isAllowed(request, { ...from, ...options })) return refused(options);
    const url = new URL(request.url);
    const who = url.searchParams.has("local") ? "instances" : "people";
    try {
      return await asking[who](() => answerOf(url, options));
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      return text(refusal.status, refusal.message);
    }
  };
  return { "GET /store": answer, "GET /store/*": answer };
}

function refused({ password }: StoreRouteOptions): Response {
  return password === null ? text(403, REFUSALS.elsewhere) : text(401, REFUSALS.unknown);
}

async function answerOf({ pathname, searchParams }: URL, options: StoreRouteOptions): Promise<Response> {
  const [, , topology, name, ...rest] = pathname.split("/").map(decodeURIComponent);
  const names = options.runs.map((run) => run.name);
  if (topology === undefined || topology === "") return json(200, exactJson({ topologies: names }));
  const run = options.runs.find((one) => one.name === topology);
  if (run === undefined) return unknown({ what: "topology", name: topology, names });
  const { runner } = run;
  if (runner === null || runner.topics === null) {
    return text(503, `Cannot ask topology "${topology}" yet: it is ${run.state}, and has nothing here`);
  }
  const stores = runner.stores();
  if (name === undefined || name === "") return json(200, listOf(stores, { topology, options }));
  const store = stores.find((one) => one.name === name);
  if (store === undefined || rest.length > 0) {
    return unknown({ what: "store", name: [name, ...rest].join("/"), names: stores.map((one) => one.name) });
  }
  const { query, local, wire } = storeQuestion(searchParams);
  const { password, instance } = options;
  const gathered = await gatherAnswer({ topology, runner, store, query, local, instance: instance(), password });
  return json(statusOf(gathered), wire ? wireOf(gathered) : jsonOf(gathered));
}

function listOf(
  stores: readonly StoreSpec[],
  { topology, options }: { readonly topology: string; readonly options: StoreRouteOptions },
): string {
  return exactJson({
    topology,
    instance: options.instance(),
    stores: stores.map((store) => {
      const parts = store.parts();
      const key = parts.map((part) =>
        part.columns()
      ).find((columns) => columns !== null)?.map((column) => column.name) ??
        null;
      const { name, kind, partitions } = store;
      return { name, kind, key, partitions, here: parts.map((part) => part.standing()) };
    }),
  });
}

function unknown(
  { what, name, names }: { readonly what: string; readonly name: string; readonly names: readonly string[] },
): Response {
  const there = names.length === 0 ? "none" : names.join(", ");
  return text(404, `There is no ${what} "${name}": there are ${there}${didYouMean(name, names)}`);
}

function json(status: number, body: string): Response {
  return new Response(`${body}\n`, { status, headers: { "content-type": "application/json" } });
}

function text(status: number, line: string): Response {
  return new Response(`${line}\n`, { status });
}
