import { proofWords } from "../../../console/state/proof_words.ts";
import type { ContinuousProof } from "../../../src/cli/proof/proof_report.ts";
import { until } from "../../stack/e2e/steps.ts";
import { askConsole } from "./console.ts";
import { docker } from "./engine.ts";
import type { Stage } from "./stage.ts";

type Words = ReturnType<typeof proofWords>;

/** Whose console is looked at: that of the stack, or one at another host address. */
interface Looked {
  readonly host?: string;
  readonly signal: AbortSignal;
}

/** What all that is compared is said to be. @throws Error when it does not become equal, saying what it is */
export async function equal(stage: Stage, looked: Looked): Promise<string> {
  const words = await badge(stage, { is: ({ tone }) => tone === "good", ...looked });
  return words.text;
}

/** Resolves when the console says what is waited for. */
export async function badge(
  stage: Stage,
  { is, signal, host }: Looked & { readonly is: (words: Words) => boolean },
): Promise<Words> {
  let last: ContinuousProof | null = null;
  return await until(async () => {
    last = await proofOf(stage, host);
    const words = last === null ? null : proofWords(last, null);
    return words !== null && is(words) && words;
  }, { signal, everyMs: 500, lastWords: () => JSON.stringify(last).slice(0, 2_000) });
}

/** Null while Weir does not answer. */
export async function proofOf(stage: Stage, host?: string): Promise<ContinuousProof | null> {
  try {
    const response = await askConsole(stage, "/api/verify", host === undefined ? {} : { host });
    const { continuous } = await response.json();
    return response.ok ? continuous : null;
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return null;
    throw error;
  }
}

/** SQL of ClickHouse's administrator, who comes in through its container alone. */
export async function administer(stage: Stage, sql: string): Promise<string> {
  const [{ id }] = await stage.of("clickhouse");
  const client = ["clickhouse-client", "--host", "127.0.0.1", "--query", sql.replaceAll(/\s+/g, " ")];
  return (await docker(["exec", id, ...client], { signal: stage.options.signal })).trim();
}
