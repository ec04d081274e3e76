import { DASHBOARDS, DIRECTORY } from "../../tools/dashboards/mod.ts";
import type { Dashboard, Panel } from "../../tools/dashboards/model.ts";

const ROOT = new URL("../../", import.meta.url);

/** Text of a file, by its path from the project's root. */
export function textAt(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Whether a file or directory is there, by its path from the project's root. */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The dashboards as Grafana reads them: parsed from the committed files. */
export function committed(): [file: string, dashboard: Dashboard][] {
  return Object.keys(DASHBOARDS).map((file) => [file, JSON.parse(textAt(`${DIRECTORY}/${file}`))]);
}

/** A dashboard's panels, without the titles of its rows. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.panels.filter((panel) => panel.type !== "row");
}

/** As ClickHouse's hex(). */
export function hex(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("")
    .toUpperCase();
}
