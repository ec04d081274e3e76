import { parse } from "yaml";
import { expandExpression } from "../../tools/dashboards/expand.ts";
import { committed, isThere, panelsOf, textAt } from "./support.ts";

/** A PromQL expression as Prometheus gets it. */
export interface Expression {
  /** Where it stands. */
  readonly where: string;
  readonly text: string;
}

const RULES = "compose/prometheus/rules";

/** An alert, or an expression under a name. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
}

/** Rules of Prometheus. */
export function rules(): Rule[] {
  if (!isThere(RULES)) return [];
  const files = [...Deno.readDirSync(new URL(`../../${RULES}`, import.meta.url))].map(({ name }) => name);
  return files.flatMap((name) => parse(textAt(`${RULES}/${name}`)).groups as { rules: Rule[] }[])
    .flatMap((group) => group.rules);
}

/** Every expression of dashboards and rules, expanded. */
export function expressions(): Expression[] {
  const panels = committed().flatMap(([file, dashboard]) =>
    panelsOf(dashboard).flatMap((panel) =>
      panel.targets.flatMap((target) =>
        "expr" in target ? [{ where: `"${panel.title}" in ${file}`, text: expandExpression(target.expr) }] : []
      )
    )
  );
  return [...panels, ...rules().map(({ alert, record, expr }) => ({ where: `${alert ?? record}`, text: expr }))];
}
