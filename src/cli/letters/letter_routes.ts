import { z } from "zod";
import { json, problem, RequestError } from "../api/answer.ts";
import { readText } from "../api/read_json.ts";
import type { Routes } from "../http_server.ts";
import { didYouMean } from "../../record/nearest.ts";
import { parseRaw } from "../../record/raw_json.ts";
import type { LetterPage, ReplayAnswer } from "./letter_answers.ts";
import { shownLetter } from "./shown_letter.ts";
import { replayLetters, type ReplayParts } from "./replay_letters.ts";

/** Where letters are asked for. */
export const LETTERS_PATH = "/api/dead-letters";

const BODY_BYTES_MAX = 64 * 1024 * 1024;
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 10_000;
/** Letters that one request replays. */
const REPLAYED_MAX = 10_000;

const EDIT = z.strictObject({
  id: z.string().optional(),
  key: z.string().nullable().optional(),
  value: z.string().nullable().optional(),
  set: z.record(z.string(), z.unknown()).optional(),
});

const REPLAY = z.union([
  z.strictObject({ ids: z.array(z.string()).min(1).max(REPLAYED_MAX), edit: EDIT.optional() }),
  z.strictObject({
    ...{ topology: z.string().optional(), reason: z.string(), operator: z.string().optional() },
    edit: EDIT.optional(),
  }),
]);

const QUERY = {
  topology: z.string().optional(),
  reason: z.string().optional(),
  operator: z.string().optional(),
  stage: z.enum(["decode", "callback", "sink"]).optional(),
  state: z.enum(["open", "resolved", "all"]).default("open"),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
  after: z.string().regex(/^\d{1,15}$/, "Cannot go on behind it: give the next of the page before").optional(),
};

/**
 * `GET /api/dead-letters`: letters, the newest first, and how many there are of each reason; `GET
 * /api/dead-letters/<id>`: one; `POST /api/dead-letters/replay`: replays some, or all of a reason. Who may is decided
 * by whoever mounts them: see `guarded()`.
 */
export function letterRoutes(options: ReplayParts): Routes {
  return {
    [`GET ${LETTERS_PATH}`]: (request) => listed(request, options),
    [`GET ${LETTERS_PATH}/*`]: (request) => one(request, options),
    [`POST ${LETTERS_PATH}/replay`]: (request) => replay(request, options),
  };
}

function listed(request: Request, { letters }: ReplayParts): Response {
  const given = [...new URL(request.url).searchParams];
  const names = Object.keys(QUERY);
  const unknown = given.map(([name]) => name).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RequestError(
      400,
      `There is no parameter "${unknown}": there are ${names.join(", ")}${didYouMean(unknown, names)}`,
    );
  }
  const { data, error } = z.strictObject(QUERY).safeParse(Object.fromEntries(given));
  if (error !== undefined) throw new RequestError(400, z.prettifyError(error));
  const { state, limit, after, ...filter } = data;
  const { topology, operator, stage } = filter;
  const page = letters.page({ ...filter, limit, after, ...(state === "all" ? {} : { state }) });
  const answer: LetterPage = {
    ...page,
    letters: page.letters.map(shownLetter),
    open: letters.count({ ...filter, state: "open" }),
    resolved: letters.count({ ...filter, state: "resolved" }),
    // Whatever reason is chosen: another one may be.
    reasons: letters.reasons({ topology, operator, stage }),
  };
  return json(answer);
}

function one(request: Request, { letters }: ReplayParts): Response {
  const id = decodeURIComponent(new URL(request.url).pathname.slice(LETTERS_PATH.length + 1));
  const letter = letters.letter(id);
  return letter === null
    ? problem(404, `There is no dead letter "${id}": GET ${LETTERS_PATH} lists them`)
    : json(shownLetter(letter));
}

async function replay(request: Request, options: ReplayParts): Promise<Response> {
  const asked = askedIn(await readText(request, BODY_BYTES_MAX));
  const { edit = null } = asked;
  const ids = "ids" in asked ? asked.ids : idsOf(options, asked);
  checkEdited(ids, edit?.id);
  const value = edit?.id === undefined && ids.length > 1 && (edit?.value !== undefined || edit?.key !== undefined);
  if (value) {
    throw new RequestError(400, 'One key or value is of one letter: name it as "id" of the edit, or set columns');
  }
  const answer: ReplayAnswer = { results: await replayLetters(options, { ids, edit }) };
  return json(answer);
}

/** @throws RequestError for what asks for no replay */
function askedIn(text: string): z.infer<typeof REPLAY> {
  const { data } = REPLAY.safeParse(parsed(text));
  if (data !== undefined) return data;
  throw new RequestError(
    400,
    'Cannot tell what to replay: send { "ids": ["17"] }, or { "reason": "wrong_type", "topology": "sales" }, and ' +
      '"edit": { "set": { "column": 1 } }, or with "key" and "value" as texts, for what is to be changed before',
  );
}

/** Numbers keep their digits. @throws RequestError for what is no JSON */
function parsed(text: string): unknown {
  try {
    return parseRaw(text);
  } catch (error) {
    throw new RequestError(400, `Cannot read the body as JSON: ${(error as Error).message}. Send an object`);
  }
}

/** An edit of another letter would change none of these, which would be replayed as they are. @throws RequestError */
function checkEdited(ids: readonly string[], id: string | undefined): void {
  if (id === undefined || ids.length === 0 || ids.includes(id)) return;
  throw new RequestError(
    400,
    `Cannot edit letter ${id}: it is none of those to replay. Name one of them as "id" of the edit`,
  );
}

function idsOf(
  { letters }: ReplayParts,
  { topology, reason, operator }: {
    readonly topology?: string;
    readonly reason: string;
    readonly operator?: string;
  },
): string[] {
  return letters.ids({ topology, reason, operator, state: "open", limit: REPLAYED_MAX });
}
