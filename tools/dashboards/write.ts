/** Writes the dashboards into grafana/dashboards: `deno run -A tools/dashboards/write.ts`. */
import { DASHBOARDS, DIRECTORY, textOf } from "./mod.ts";

const root = new URL("../../", import.meta.url);
for (const [file, dashboard] of Object.entries(DASHBOARDS)) {
  await Deno.writeTextFile(new URL(`${DIRECTORY}/${file}`, root), textOf(dashboard));
  console.log(`${DIRECTORY}/${file}: ${dashboard.panels.filter((panel) => panel.type !== "row").length} panels`);
}
