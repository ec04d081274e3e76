import { askInstance, errorIn, type Question, type Reply } from "./ask_instance.ts";

/** An instance that could have more of an answer, and why it has told nothing. */
export interface Unanswered {
  readonly instance: string;
  readonly problem: string;
}

/** An instance and what it has told. */
export interface Told<T> {
  readonly instance: string;
  readonly answer: T;
}

/** What another instance is asked, and how its answer is read. */
export interface OthersQuestion<T> extends Question {
  /** Statuses of an answer; 200 alone if absent. */
  readonly statuses?: readonly number[];
  /** What it throws counts as an answer that cannot be read. */
  readonly read: (text: string) => T;
}

/** Asks all of them at once. `addresses`: each a host and a port. In their order; never rejects. */
export function askOthers<T>(
  addresses: readonly string[],
  question: OthersQuestion<T>,
): Promise<(Told<T> | Unanswered)[]> {
  return Promise.all(addresses.map((instance) => askOther(instance, question)));
}

async function askOther<T>(
  instance: string,
  { statuses = [200], read, ...question }: OthersQuestion<T>,
): Promise<Told<T> | Unanswered> {
  let reply: Reply;
  try {
    reply = await askInstance(`http://${instance}`, question);
  } catch (error) {
    return { instance, problem: (error as Error).message };
  }
  if (!statuses.includes(reply.status)) return { instance, problem: refusedWith(reply) };
  try {
    return { instance, answer: read(reply.text) };
  } catch (error) {
    const said = (error as Error).message;
    return { instance, problem: `its answer cannot be read, as that of another version of Weir: ${said}` };
  }
}

/** Why another instance gives no answer. */
export function refusedWith(reply: Reply): string {
  const said = `status ${reply.status}: ${errorIn(reply)}`;
  return reply.status === 401
    ? `${said.replace(/\.?$/, ".")} Give all instances the same WEIR_STORE_PASSWORD or _FILE`
    : said;
}
