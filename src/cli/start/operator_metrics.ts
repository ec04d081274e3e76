import type { Metrics } from "../../ports/metrics.ts";
import { type OperatorCounts, operatorCounts } from "../../runtime/stores/operator_counts.ts";
import type { RowCounts } from "../../runtime/stores/row_counts.ts";
import type { Runner } from "../../runtime/runner.ts";

/** How what became of a row is called in metrics. */
const OUTCOMES: Readonly<Record<keyof RowCounts, string>> = {
  in: "in",
  out: "out",
  filtered: "filtered",
  joined: "joined",
  withoutPartner: "without_partner",
  nullKeys: "null_key",
  waiting: "waiting",
  errors: "error",
  dropped: "dropped",
};

/** What was reported of each series of a run, which begins at 0 again when the topology does. */
const TOLD = new WeakMap<object, Map<string, number>>();

/** Reports what became of rows and events at each operator, to be called whenever metrics are read. */
export function reportOperators(runner: Pick<Runner, "instance" | "topology">, metrics: Metrics): void {
  const { instance, topology: { name: topology } } = runner;
  if (instance === null) return;
  const told = TOLD.getOrInsertComputed(instance, () => new Map());
  for (const { node, name: operator, passed, rows, waiting } of operatorCounts(instance)) {
    for (const [outcome, value] of entriesOf(passed)) {
      const labels = { topology, operator, node, outcome: OUTCOMES[outcome] };
      const before = told.get(`${node} ${outcome}`) ?? 0;
      // Of global tables nobody counts what has passed, and rows go.
      if (value > before || before === 0) metrics.count("weir_operator_passed_total", labels, value - before);
      told.set(`${node} ${outcome}`, Math.max(before, value));
      if (rows !== null) metrics.gauge("weir_operator_rows", labels, rows[outcome] ?? 0);
    }
    if (waiting !== null) {
      metrics.gauge("weir_operator_rows", { topology, operator, node, outcome: OUTCOMES.waiting }, waiting);
    }
  }
}

function entriesOf(counts: OperatorCounts["passed"]): [keyof RowCounts, number][] {
  return Object.entries(counts) as [keyof RowCounts, number][];
}
