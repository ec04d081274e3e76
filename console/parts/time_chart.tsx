import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { history, tick } from "../state/live.ts";
import type { Measure } from "../state/history.ts";
import { theme } from "../state/theme.ts";
import { clock } from "./text.ts";

const HEIGHT = 168;
/** Seconds that are shown at least: a chart of two points would say nothing. */
const SPAN_SECONDS_MIN = 60;

/** One line of a chart; its colour is a custom property of the stylesheet. */
export interface ChartLine {
  readonly measure: Measure;
  readonly label: string;
  readonly colour: `--${string}`;
}

/** What went on during the last minutes. Whoever cannot see it is told the last values. */
export function TimeChart({ title, lines, unit }: {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly unit: (value: number) => string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const chosen = theme.value;
  // Read here, so that each message draws anew.
  const round = tick.value;
  useEffect(() => {
    const element = place.current!;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(optionsOf({ lines, unit, width: element.clientWidth }), dataOf(lines), element);
    };
    draw();
    const resized = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener("change", draw);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [chosen]);
  useEffect(() => chart.current?.setData(dataOf(lines)), [round]);
  const last = lines.map(({ measure, label }) => `${label} ${textOf(history.series.values[measure].at(-1), unit)}`);
  return (
    <section class="card chart" aria-label={title}>
      <h2>{title}</h2>
      <p class="legend">
        {lines.map(({ measure, label, colour }) => (
          <span key={measure}>
            <i class={`swatch ${colour.slice(2)}`} aria-hidden="true" />
            {label} <b>{textOf(history.series.values[measure].at(-1), unit)}</b>
          </span>
        ))}
      </p>
      <div
        ref={place}
        class="plot"
        role="img"
        aria-label={`${title}, now: ${last.join(", ")}`}
      />
    </section>
  );
}

function textOf(
  value: number | null | undefined,
  unit: (value: number) => string,
): string {
  return value === null || value === undefined ? "–" : unit(value);
}

function dataOf(lines: readonly ChartLine[]): uPlot.AlignedData {
  const { at, values } = history.series;
  return [at, ...lines.map(({ measure }) => values[measure])];
}

function optionsOf({ lines, unit, width }: {
  readonly lines: readonly ChartLine[];
  readonly unit: (value: number) => string;
  readonly width: number;
}): uPlot.Options {
  const styles = getComputedStyle(document.documentElement);
  const colour = (name: string) => styles.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--plot-text"),
    font: `11px ${styles.getPropertyValue("--sans")}`,
    grid: { stroke: colour("--plot-grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [10, 6, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: {
        range: (...[, from, to]: [uPlot, number, number]) => [Math.min(from, to - SPAN_SECONDS_MIN), to],
      },
      y: { range: (...[, , to]: [uPlot, number, number]) => [0, Math.max(1, (to ?? 1) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 26,
        space: 90,
        values: (_chart, splits) => splits.map((at) => clock(at * 1000)),
      },
      {
        ...axis,
        size: 58,
        space: 34,
        values: (_chart, splits) => splits.map(unit),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.5,
        points: { show: false },
      })),
    ],
  };
}
