import { systemClock } from "../../adapters/local/system_clock.ts";
import type { StoredLetters } from "../../adapters/local/stored_letters.ts";
import { didYouMean } from "../../record/nearest.ts";
import type { Explanation } from "../../runtime/explain/explanation.ts";
import { type Explainer, explainerOf } from "../../runtime/explain/explainer.ts";
import type { AskedKey } from "../../runtime/explain/read_key.ts";
import type { Runner } from "../../runtime/runner.ts";
import type { Access } from "../api/access.ts";
import { problem, RequestError } from "../api/answer.ts";
import { limitedQuestions } from "../api/limited.ts";
import type { Route, Routes } from "../http_server.ts";
import { exactJson } from "../store/store_values.ts";
import { askParts, partAnswerText, partQuestion } from "./ask_parts.ts";
import { columnOf, EXPLAIN_PATH, PARAMETERS } from "./explain_path.ts";
import { explanationJson, type ListedTopology } from "./explanation.ts";

/** Rows of a total that are told, unless another number is asked for, and at most. */
export const ROWS_DEFAULT = 20;
export const ROWS_MAX = 10_000;
/** Before a difference between state and ClickHouse is looked at again. */
const PAUSE = () => systemClock.sleep(300);

/** A topology as far as it is asked. */
export interface ExplainedRun {
  readonly name: string;
  readonly state: string;
  readonly runner: Pick<Runner, "instance" | "others"> | null;
}

/** Who may ask, and what. */
export interface ExplainRouteOptions {
  readonly runs: readonly ExplainedRun[];
  /** Whose password other instances ask for. */
  readonly access: Access;
  /** Of this instance. */
  readonly letters: Pick<StoredLetters, "ofRecord">;
}

/**
 * `GET /api/explain`: what can be asked about; `GET /api/explain/<topology>/<table>/<key>`: why a key is shown as it
 * is. Instances ask each other with `?part=`. Who may ask is decided by whoever mounts them: see `guarded()`.
 */
export function explainRoutes(options: ExplainRouteOptions): Routes {
  const asking = limitedQuestions();
  const answer: Route = (request) => {
    const url = new URL(request.url);
    return asking[url.searchParams.has("part") ? "instances" : "people"](() => answerOf(url, options));
  };
  return { [`GET ${EXPLAIN_PATH}`]: answer, [`GET ${EXPLAIN_PATH}/*`]: answer };
}

async function answerOf({ pathname, searchParams }: URL, options: ExplainRouteOptions): Promise<Response> {
  const [, , , topology = "", table = "", ...rest] = pathname.split("/").map(decodeURIComponent);
  const { runs, access, letters } = options;
  if (topology === "") return json(exactJson({ topologies: runs.map(listedRun) }));
  const run = runs.find((one) => one.name === topology);
  if (run === undefined) return unknown({ what: "topology", name: topology, names: runs.map(({ name }) => name) });
  const explainer = explainerOf(run.runner);
  if (explainer === null) {
    return problem(503, `Cannot ask topology "${topology}" yet: it is ${run.state}, and has nothing here`);
  }
  const part = searchParams.get("part");
  if (part !== null) return await partAnswer(explainer, part);
  if (table === "") return json(exactJson(listedRun(run)));
  const names = explainer.targets().map(({ name }) => name);
  if (!names.includes(table)) return unknown({ what: "table", name: table, names });
  const limit = limitOf(searchParams.get("limit"));
  const question = { table, key: keyIn(rest, searchParams), after: searchParams.get("after"), limit };
  const others = askParts({ topology, addresses: run.runner!.others(), password: access.password });
  return json(explanationJson(withLetter(await explainer.explain(question, { others, pause: PAUSE }), letters)));
}

/** Names the letter of a record whose correction has deleted the row: it has what was tried, and by whom. */
function withLetter(explanation: Explanation, letters: ExplainRouteOptions["letters"]): Explanation {
  const { deletedBy, topology, notes } = explanation;
  if (deletedBy === undefined) return explanation;
  const letter = letters.ofRecord({ ...deletedBy, topology });
  const note = letter === null
    ? "Who corrected the record has its dead letter: here there is none of it"
    : `The record was corrected by a replay of dead letter ${letter}: deno task dlq show ${letter} has what was tried`;
  return { ...explanation, deletedBy: { ...deletedBy, letter }, notes: [...notes, note] };
}

/** What another instance asks. @throws RequestError 409 if it runs another plan */
async function partAnswer(explainer: Explainer, part: string): Promise<Response> {
  const question = partQuestion(part);
  try {
    return json(partAnswerText(await explainer.here(question)));
  } catch (error) {
    throw error instanceof RangeError ? new RequestError(409, error.message) : error;
  }
}

function listedRun({ name, state, runner }: ExplainedRun): ListedTopology {
  return { name, state, tables: explainerOf(runner)?.targets() ?? [] };
}

/** @throws TypeError without a key */
function keyIn(path: readonly string[], parameters: URLSearchParams): AskedKey {
  if (path.length > 0 && path.join("/") !== "") return path.join("/");
  const columns = [...parameters].filter(([name]) => !PARAMETERS.includes(name));
  if (columns.length > 0) return Object.fromEntries(columns.map(([name, value]) => [columnOf(name), value]));
  throw new TypeError(
    "Cannot explain a table without a key: add it to the path, or its columns as parameters (?order_item_id=4711)",
  );
}

function limitOf(text: string | null): number {
  if (text === null) return ROWS_DEFAULT;
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= ROWS_MAX) return limit;
  throw new TypeError(`Cannot use limit as a number of rows from 1 to ${ROWS_MAX}: current value is "${text}"`);
}

function unknown(
  { what, name, names }: { readonly what: string; readonly name: string; readonly names: readonly string[] },
): Response {
  const there = names.length === 0 ? "none" : names.join(", ");
  return problem(404, `There is no ${what} "${name}": there are ${there}${didYouMean(name, names)}`);
}

function json(body: string): Response {
  return new Response(`${body}\n`, { headers: { "content-type": "application/json" } });
}
