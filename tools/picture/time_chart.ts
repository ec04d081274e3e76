import type { Panel } from "../dashboards/model.ts";
import { format } from "./format.ts";
import { type Box, propertiesOf, type Rows, type Series, seriesIn, unitOfColumn } from "./frame.ts";
import { element, fitting, text } from "./svg.ts";
import { colorAt, FAINT, GRID, NAMED } from "./theme.ts";

const LEFT = 54;
const BOTTOM = 40;
const TICKS = 4;

interface Scale {
  readonly max: number;
  readonly y: (value: number) => number;
}

/** What a time chart is drawn from. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Time that one bar stands for. */
  readonly intervalMs: number;
}

/** Lines, bars or stacked bars over time, with an axis on each side that is used, and a legend. */
export function timeChart(panel: Panel, rows: Rows, { box, range }: { box: Box; range: TimeRange }): string {
  const all = seriesIn(rows);
  const onRight = (series: Series) => propertiesOf(panel, series.name).get("custom.axisPlacement") === "right";
  const left = all.filter((series) => !onRight(series));
  const right = all.filter(onRight);
  const custom = panel.fieldConfig.defaults.custom as { drawStyle: string; stacking: { mode: string } };
  const stacked = custom.stacking.mode === "normal";
  const plot: Box = {
    x: box.x + LEFT,
    y: box.y + 6,
    width: box.width - LEFT - (right.length > 0 ? LEFT - 10 : 10),
    height: box.height - BOTTOM - 6,
  };
  const x = (ms: number) => plot.x + ((ms - range.fromMs) / (range.toMs - range.fromMs)) * plot.width;
  const leftScale = scaleOf(stacked ? stackedMax(left) : largest(left), plot);
  const parts = [
    grid(leftScale, plot),
    timeAxis(range, { plot, x }),
    axis(panel, left[0], { scale: leftScale, x: plot.x - 6, anchor: "end" }),
  ];
  if (custom.drawStyle === "bars") parts.push(columns(left, { x, scale: leftScale, range, plot }));
  else parts.push(...left.map((series, index) => line(series, { x, scale: leftScale, color: colorAt(index) })));
  if (right.length > 0) {
    const scale = scaleOf(largest(right), plot);
    parts.push(axis(panel, right[0], { scale, x: plot.x + plot.width + 6, anchor: "start" }));
    parts.push(...right.map((series, index) => line(series, { x, scale, color: colorAt(left.length + index) })));
  }
  for (const { value, color } of limits(panel)) {
    if (value > leftScale.max) continue;
    const y = leftScale.y(value);
    const stroke = NAMED[color] ?? color;
    parts.push(
      element("line", {
        x1: plot.x,
        x2: plot.x + plot.width,
        y1: y,
        y2: y,
        stroke,
        "stroke-dasharray": "6 4",
        opacity: 0.7,
      }),
    );
  }
  parts.push(legend([...left, ...right], box));
  return parts.join("");
}

function limits(panel: Panel): { value: number; color: string }[] {
  const style = (panel.fieldConfig.defaults.custom as { thresholdsStyle: { mode: string } }).thresholdsStyle.mode;
  if (style === "off") return [];
  return (panel.fieldConfig.defaults.thresholds?.steps ?? []).flatMap(({ value, color }) =>
    value === null ? [] : [{ value, color }]
  );
}

function largest(series: readonly Series[]): number {
  return Math.max(0, ...series.flatMap(({ points }) => [...points.values()]));
}

function stackedMax(series: readonly Series[]): number {
  const totals = new Map<number, number>();
  for (const { points } of series) {
    for (const [time, value] of points) totals.set(time, (totals.get(time) ?? 0) + value);
  }
  return Math.max(0, ...totals.values());
}

/** From 0 to a round number. */
function scaleOf(greatest: number, plot: Box): Scale {
  const step = 10 ** Math.floor(Math.log10(greatest / TICKS || 1));
  const round =
    [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((factor) => factor * step).find((size) => size * TICKS >= greatest) ??
      10 * step;
  const max = round * TICKS;
  return { max, y: (value) => plot.y + plot.height - (value / max) * plot.height };
}

function grid({ max, y }: Scale, plot: Box): string {
  return Array.from({ length: TICKS + 1 }, (_, tick) => y((max / TICKS) * tick)).map((at) =>
    element("line", { x1: plot.x, x2: plot.x + plot.width, y1: at, y2: at, stroke: GRID })
  ).join("");
}

function axis(
  panel: Panel,
  series: Series | undefined,
  { scale, x, anchor }: { scale: Scale; x: number; anchor: string },
): string {
  const { unit, decimals } = unitOfColumn(panel, series?.name ?? "");
  return Array.from({ length: TICKS + 1 }, (_, tick) => (scale.max / TICKS) * tick).map((value) =>
    text(format(value, unit, unit === "percentunit" ? 0 : decimals === 2 ? 0 : undefined), {
      x,
      y: scale.y(value) + 4,
      "text-anchor": anchor,
      "font-size": 11,
      fill: FAINT,
    })
  ).join("");
}

function timeAxis({ fromMs, toMs }: TimeRange, { plot, x }: { plot: Box; x: (ms: number) => number }): string {
  const day = 86_400_000;
  const days: number[] = [];
  for (let ms = Math.ceil(fromMs / day) * day; ms <= toMs; ms += day) days.push(ms);
  const every = Math.max(1, Math.ceil((days.length * 48) / plot.width));
  return days.filter((_, index) => index % every === 0).map((ms) =>
    text(new Date(ms).toISOString().slice(5, 10), {
      x: x(ms),
      y: plot.y + plot.height + 15,
      "text-anchor": "middle",
      "font-size": 11,
      fill: FAINT,
    })
  ).join("");
}

function columns(
  series: readonly Series[],
  { x, scale, range, plot }: { x: (ms: number) => number; scale: Scale; range: TimeRange; plot: Box },
): string {
  const width = Math.max(1, (plot.width * range.intervalMs) / (range.toMs - range.fromMs) * 0.8);
  const tops = new Map<number, number>();
  return series.map(({ points }, index) =>
    [...points].map(([time, value]) => {
      const base = tops.get(time) ?? 0;
      tops.set(time, base + value);
      const top = scale.y(base + value);
      const left = Math.min(Math.max(x(time), plot.x), plot.x + plot.width - width);
      return element("rect", {
        x: left.toFixed(1),
        y: top.toFixed(1),
        width: width.toFixed(1),
        height: Math.max(0, scale.y(base) - top).toFixed(1),
        fill: colorAt(index),
        opacity: 0.85,
      });
    }).join("")
  ).join("");
}

function line(
  { points }: Series,
  { x, scale, color }: { x: (ms: number) => number; scale: Scale; color: string },
): string {
  const path = [...points].map(([time, value]) => `${x(time).toFixed(1)},${scale.y(value).toFixed(1)}`).join(" ");
  return element("polyline", { points: path, fill: "none", stroke: color, "stroke-width": 1.6 });
}

function legend(series: readonly Series[], box: Box): string {
  let x = box.x + 12;
  const y = box.y + box.height - 8;
  return series.map(({ name }, index) => {
    const shown = fitting(name, { width: 120, size: 11 });
    const at = x;
    x += shown.length * 6.4 + 26;
    return element("rect", { x: at, y: y - 6, width: 12, height: 4, rx: 2, fill: colorAt(index) }) +
      text(shown, { x: at + 17, y, "font-size": 11, fill: FAINT });
  }).join("");
}
