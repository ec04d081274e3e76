/** Grafana's dashboards, generated so that panels share how they look and ask. */
import { capture } from "./capture.ts";
import { clickhouse } from "./clickhouse.ts";
import type { Dashboard } from "./model.ts";
import { pipeline } from "./pipeline.ts";
import { sales } from "./sales.ts";
import { shop } from "./shop.ts";

/** Where they are written, from the project's root; Grafana reads them from there. */
export const DIRECTORY = "grafana/dashboards";

/** All dashboards by file name. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  "sales.json": sales,
  "shop.json": shop,
  "pipeline.json": pipeline,
  "capture.json": capture,
  "clickhouse.json": clickhouse,
};

/** A dashboard as its file holds it. */
export function textOf(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
