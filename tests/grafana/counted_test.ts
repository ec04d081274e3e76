import { assert, assertEquals } from "@std/assert";
import { expandExpression } from "../../tools/dashboards/expand.ts";
import { expressions } from "./expressions.ts";
import { hasPromtool } from "./promtool.ts";
import { committed, panelsOf } from "./support.ts";

/** What a panel shows at `minute`, for series that are read once a minute, by the text of its labels. */
interface Shown {
  readonly panel: string;
  readonly minute: number;
  readonly values: Readonly<Record<string, number>>;
}

const LETTERS = 'weir_dead_letters_total{topology="sales", stage="decode", reason="not_json", instance="a:8686"}';
const LETTERS_OF_B = LETTERS.replace("a:8686", "b:8686");
const RESTARTS = 'weir_task_restarts_total{topology="sales", reason="superseded", instance="a:8686"}';
const REPAIRED = 'weir_repaired_rows_total{topology="sales", table="orders", instance="a:8686"}';

/** In promtool's notation: `_x2` is nothing for two minutes, `3x10` is 3, and ten times more. */
const CASES: readonly { readonly what: string; readonly series: Record<string, string>; readonly shown: Shown[] }[] = [
  {
    what: "a series that begins with its first events",
    series: { [LETTERS]: "_x60 7x120", [RESTARTS]: "_x60 2x120", [REPAIRED]: "_x60 9x120" },
    shown: [
      { panel: "Dead letters, 24 hours", minute: 60, values: { "{}": 7 } },
      { panel: "Dead letters, 24 hours", minute: 170, values: { "{}": 7 } },
      { panel: "Dead letters by reason", minute: 60, values: { '{stage="decode", reason="not_json"}': 7 } },
      { panel: "Dead letters by reason", minute: 70, values: {} },
      { panel: "Restarts of tasks by reason", minute: 60, values: { '{topology="sales", reason="superseded"}': 2 } },
      { panel: "Rows repaired", minute: 60, values: { '{topology="sales", table="orders"}': 9 } },
    ],
  },
  {
    what: "a series that begins with 0",
    series: { [LETTERS]: "_x60 0x59 5x60" },
    shown: [
      { panel: "Dead letters, 24 hours", minute: 70, values: { "{}": 0 } },
      { panel: "Dead letters, 24 hours", minute: 170, values: { "{}": 5 } },
      { panel: "Dead letters by reason", minute: 60, values: {} },
    ],
  },
  {
    what: "one instance that counts on beside one that begins, and none at all",
    series: { [LETTERS]: "4x100 6x100", [LETTERS_OF_B]: "_x120 3x80" },
    shown: [
      { panel: "Dead letters, 24 hours", minute: 190, values: { "{}": 4 + 2 + 3 } },
      { panel: "Dead letters by reason", minute: 120, values: { '{stage="decode", reason="not_json"}': 3 } },
    ],
  },
  { what: "nothing", series: {}, shown: [{ panel: "Dead letters, 24 hours", minute: 10, values: { "{}": 0 } }] },
];

function expressionOf(title: string): string {
  const panel = committed().flatMap(([, dashboard]) => panelsOf(dashboard)).find((panel) => panel.title === title);
  const target = panel?.targets[0];
  if (target === undefined || !("expr" in target)) throw new TypeError(`No panel "${title}" asks Prometheus`);
  return expandExpression(target.expr);
}

Deno.test({
  name: "counts of few events show the first ones (promtool)",
  ignore: !await hasPromtool(),
  async fn(t) {
    for (const { what, series, shown } of CASES) {
      await t.step(what, async () => {
        const tests = [{
          interval: "1m",
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          // Increases are extrapolated to the whole range.
          promql_expr_test: shown.map(({ panel, minute, values }) => ({
            expr: `round(${expressionOf(panel)})`,
            eval_time: `${minute}m`,
            exp_samples: Object.entries(values).map(([labels, value]) => ({ labels, value })),
          })),
        }];
        const file = await Deno.makeTempFile({ suffix: ".yml" });
        try {
          // JSON is YAML.
          await Deno.writeTextFile(file, JSON.stringify({ rule_files: [], evaluation_interval: "1m", tests }));
          const { success, stdout, stderr } = await new Deno.Command("promtool", { args: ["test", "rules", file] })
            .output();
          assert(success, new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout));
        } finally {
          await Deno.remove(file);
        }
      });
    }
  },
});

Deno.test("every increase of one of Weir's counters has the first value of new series beside it", () => {
  let increases = 0;
  for (const { where, text } of expressions()) {
    for (const [, series, range] of text.matchAll(/\bincrease\((weir_\w+(?:\{[^}]*\})?)\[(\w+)\]\)/g)) {
      // That alert asks whether there was a row at all.
      if (where === "WeirNoRows") continue;
      const flat = text.replaceAll(/\s+/g, " ");
      const first = `(min_over_time(${series}[${range}]) unless last_over_time(${series}[1h] offset ${range}))`;
      const counted = `increase(${series}[${range}]) + ${first} or increase(${series}[${range}]) or ${first}`;
      assert(flat.includes(counted), `${where} does not see the first events of a series`);
      increases++;
    }
  }
  assertEquals(increases, 2 * 8);
});
