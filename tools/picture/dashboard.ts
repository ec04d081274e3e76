import type { Dashboard, Panel } from "../dashboards/model.ts";
import type { Box, Rows } from "./frame.ts";
import { bars, numbers, slices, table } from "./plain_panels.ts";
import { element, fitting, text } from "./svg.ts";
import { BACKGROUND, BORDER, FAINT, FONT, PANEL, TEXT } from "./theme.ts";
import { timeChart, type TimeRange } from "./time_chart.ts";

const WIDTH = 1600;
const COLUMN = WIDTH / 24;
/** Grafana's line of the grid is 30 pixels and 8 between panels. */
const LINE = 38;
const GAP = 8;
const HEAD = 64;

/** A panel's rows, and for charts over time the range. */
export interface PanelData {
  readonly rows: Rows;
  readonly range: TimeRange;
}

/** Draws a dashboard as SVG: its panels where they are, filled with what their queries gave. */
export function drawDashboard(dashboard: Dashboard, data: ReadonlyMap<number, PanelData>): string {
  const lines = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const height = HEAD + lines * LINE + GAP;
  const panels = dashboard.panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const box: Box = { x: x * COLUMN + GAP / 2, y: HEAD + y * LINE, width: w * COLUMN - GAP, height: h * LINE - GAP };
    if (panel.type === "row") {
      return text(panel.title, { x: box.x + 4, y: box.y + 21, "font-size": 16, "font-weight": 600, fill: TEXT });
    }
    return framed(panel, box, data.get(panel.id)!);
  });
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${WIDTH} ${height}`,
      width: WIDTH,
      height,
      "font-family": FONT,
    },
    [
      element("rect", { width: WIDTH, height, fill: BACKGROUND }),
      head(dashboard, data),
      ...panels,
    ].join("\n"),
  ) + "\n";
}

function head(dashboard: Dashboard, data: ReadonlyMap<number, PanelData>): string {
  const [{ range }] = data.values();
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  const period = `${day(range.fromMs)} to ${day(range.toMs)} UTC`;
  let x = 130;
  const choices = dashboard.templating.list.map(({ label }) => {
    const content = `${label}   All`;
    const width = content.length * 7.2 + 24;
    const at = x;
    x += width + 10;
    return element("rect", { x: at, y: 17, width, height: 30, rx: 3, fill: PANEL, stroke: BORDER }) +
      text(content, { x: at + 12, y: 37, "font-size": 13, fill: TEXT });
  });
  return [
    text(dashboard.title, { x: 12, y: 40, "font-size": 24, "font-weight": 600, fill: TEXT }),
    ...choices,
    text(period, { x: WIDTH - 12, y: 37, "font-size": 13, "text-anchor": "end", fill: FAINT }),
  ].join("");
}

function framed(panel: Panel, box: Box, { rows, range }: PanelData): string {
  const title = text(fitting(panel.title, { width: box.width - 20, size: 14 }), {
    x: box.x + 12,
    y: box.y + 22,
    "font-size": 14,
    "font-weight": 500,
    fill: TEXT,
  });
  const inside: Box = { x: box.x, y: box.y + 32, width: box.width, height: box.height - 36 };
  return element("rect", { ...box, rx: 3, fill: PANEL, stroke: BORDER }) + title +
    content(panel, rows, { box: inside, range });
}

function content(panel: Panel, rows: Rows, place: { readonly box: Box; readonly range: TimeRange }): string {
  switch (panel.type) {
    case "stat":
      return numbers(panel, rows, place.box);
    case "timeseries":
      return timeChart(panel, rows, place);
    case "table":
      return table(panel, rows, place.box);
    case "bargauge":
    case "barchart":
      return bars(panel, rows, place.box);
    case "piechart":
      return slices(panel, rows, place.box);
  }
}
