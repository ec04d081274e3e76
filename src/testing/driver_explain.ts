import { Decimal } from "../record/decimal.ts";
import { explainerOf } from "../runtime/explain/explainer.ts";
import type { Explanation } from "../runtime/explain/explanation.ts";
import type { Runner } from "../runtime/runner.ts";

export type { Explanation } from "../runtime/explain/explanation.ts";

/** Rows of a total that are told, if it is not said how many. */
const LIMIT_DEFAULT = 100;

/** A sink or a source, or its name, or that of an aggregate. */
export type ExplainedTable = string | { readonly spec: { readonly name: string } };

/**
 * Asks a topology under test. `key`: the value of the key's column, or an object of several.
 * @throws TypeError for a table or a key that there is not, and before it is started
 */
export async function explainedBy(
  runner: Runner | null,
  { table, key, page }: {
    readonly table: ExplainedTable;
    readonly key: unknown;
    readonly page: { readonly after?: string; readonly limit?: number };
  },
): Promise<Explanation> {
  const name = typeof table === "string" ? table : table.spec.name;
  const explainer = explainerOf(runner);
  if (explainer === null) throw new TypeError(`Cannot explain a key of "${name}" before settle()`);
  const { after = null, limit = LIMIT_DEFAULT } = page;
  // There is one instance.
  const nobody = () => Promise.resolve({ answers: [], unanswered: [] });
  return await explainer.explain({ table: name, key: askedKey(key), after, limit }, { others: nobody });
}

function askedKey(key: unknown): string | Record<string, string> {
  if (typeof key !== "object" || key === null || key instanceof Decimal) return String(key);
  return Object.fromEntries(Object.entries(key).map(([column, value]) => [column, String(value)]));
}
