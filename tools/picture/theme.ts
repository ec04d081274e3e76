/** Colours and sizes of the picture: a dark dashboard, as Grafana's is at first. */
export const BACKGROUND = "#111217";
export const PANEL = "#181b1f";
export const BORDER = "#2c3039";
export const GRID = "#2a2e35";
export const TEXT = "#d8d9da";
export const FAINT = "#8e9197";
export const FONT = "Inter, Helvetica, Arial, DejaVu Sans, sans-serif";

/** Colours of series in their order. */
const SERIES: readonly string[] = [
  "#73bf69",
  "#f2cc0c",
  "#5794f2",
  "#ff9830",
  "#f2495c",
  "#b877d9",
  "#8ab8ff",
  "#ffa6b0",
  "#96d98d",
  "#c0d8ff",
];

/** Colours of thresholds by name. */
export const NAMED: Readonly<Record<string, string>> = { green: "#73bf69", orange: "#ff9830", red: "#f2495c" };

/** Colour of the series at a place. */
export function colorAt(index: number): string {
  return SERIES[index % SERIES.length];
}
