import { ConfigError } from "../../record/errors.ts";
import { askInstance, errorIn, type Question, type Reply } from "./ask_instance.ts";

/**
 * How long a command waits: longer than the instance that is asked, which asks others itself, one question after the
 * other.
 */
const ANSWER_MS = 60_000;

/** What a command asks. */
interface CommandQuestion extends Question {
  /** Statuses of an answer; 200 alone if absent. */
  readonly statuses?: readonly number[];
  /** What must be known where nothing came back, behind what to do. */
  readonly elseKnown?: string;
}

/**
 * What the instance at an address such as `http://weir-1:8686` answers to a command.
 * @throws ConfigError when it does not answer, or says that it cannot
 */
export async function askedText(
  url: string,
  { statuses = [200], elseKnown, ...question }: CommandQuestion,
): Promise<string> {
  let reply: Reply;
  try {
    reply = await askInstance(url, { answerMs: ANSWER_MS, ...question });
  } catch (error) {
    const remedy = `Start one, or name another with --url${elseKnown === undefined ? "" : `. ${elseKnown}`}`;
    throw new ConfigError([`Cannot ask the instance at ${url}: ${(error as Error).message}. ${remedy}`], {
      cause: error,
    });
  }
  if (statuses.includes(reply.status)) return reply.text;
  throw new ConfigError([refusalIn(reply)]);
}

/** What an instance says instead of an answer, and what to do where it asks for a password. */
function refusalIn(reply: Reply): string {
  const said = errorIn(reply);
  // What is hidden from everybody no password shows.
  const asksPassword = reply.status === 401 || (reply.status === 403 && !said.includes("WEIR_CONSOLE_ROWS"));
  return asksPassword ? `${said.replace(/\.?$/, ".")} Give its password in WEIR_STORE_PASSWORD or _FILE` : said;
}
