/**
 * Draws the Sales dashboard, filled by its own queries from a demo load, into docs/sales_dashboard.svg:
 * `deno run -A tools/dashboard_picture.ts && deno fmt docs`.
 */
import { contextOf, loadDemo } from "./dashboards/demo_load.ts";
import { expandSql, intervalOf } from "./dashboards/expand.ts";
import { sales } from "./dashboards/sales.ts";
import { drawDashboard, type PanelData } from "./picture/dashboard.ts";

const FILE = new URL("../docs/sales_dashboard.svg", import.meta.url);

const load = await loadDemo({ orders: 4_000, changes: 3_000 });
try {
  const data = new Map<number, PanelData>();
  // The orders placed after the snapshot all bear its last instant, which would dwarf the others.
  const bounds = { fromMs: load.range.fromMs, toMs: load.range.toMs - 3_600_000 - 1 };
  for (const panel of sales.panels) {
    if (panel.type === "row") continue;
    const [target] = panel.targets;
    if (!("rawSql" in target)) continue;
    const intervalMs = intervalOf(panel, bounds);
    const context = { ...await contextOf(load, sales.templating.list, { intervalMs }), ...bounds };
    data.set(panel.id, {
      rows: await load.warehouse.query(expandSql(target.rawSql, context)),
      range: { ...bounds, intervalMs },
    });
  }
  await Deno.writeTextFile(FILE, drawDashboard(sales, data));
  console.log(`docs/sales_dashboard.svg: ${data.size} panels`);
} finally {
  await load.close();
}
