import type { PanelDraft } from "./build.ts";
import type { FieldOverride, Target, Threshold, ValueMapping } from "./model.ts";

/** What every panel needs. */
export interface PanelBase {
  readonly title: string;
  /** What is shown, and what of the dashboard's choices does not apply. */
  readonly description: string;
  /** Of 24 columns. */
  readonly width: number;
  /** In lines of about 30 pixels; 8 if absent. */
  readonly height?: number;
  readonly targets: readonly Target[];
  /** One of Grafana's units; a plain number if absent: with all its digits, but on the axis of a chart over time. */
  readonly unit?: string;
  readonly decimals?: number;
  readonly overrides?: readonly FieldOverride[];
  /** Least time between two points, such as `5m`. */
  readonly interval?: string;
  readonly maxDataPoints?: number;
}

/** Green, then these colours from these values on. */
export type Limits = readonly (readonly [from: number, color: string])[];

/** Gives a field (a column of a table, a series) another unit. */
export function unitOf(field: string, unit: string, decimals?: number): FieldOverride {
  const properties: { id: string; value: unknown }[] = [{ id: "unit", value: unit }];
  if (decimals !== undefined) properties.push({ id: "decimals", value: decimals });
  return { matcher: { id: "byName", options: field }, properties };
}

/** What the numbers of a state mean, each with the colour of its word. */
export type Words = Readonly<Record<number, readonly [word: string, color: string]>>;

/** Shows words in place of a field's numbers. */
export function wordsOf(field: string, words: Words): FieldOverride {
  return { matcher: { id: "byName", options: field }, properties: [{ id: "mappings", value: mappings(words) }] };
}

function mappings(words: Words): ValueMapping[] {
  const options = Object.entries(words).map(([value, [text, color]], index) =>
    [value, { text, color, index }] as const
  );
  return [{ type: "value", options: Object.fromEntries(options) }];
}

/** Draws one series as a line on an axis of its own on the right, over the others. */
export function onRightAxis(field: string, unit: string): FieldOverride {
  return {
    matcher: { id: "byName", options: field },
    properties: [
      { id: "unit", value: unit },
      { id: "custom.drawStyle", value: "line" },
      { id: "custom.axisPlacement", value: "right" },
      { id: "custom.fillOpacity", value: 0 },
      { id: "custom.lineWidth", value: 2 },
    ],
  };
}

export interface NumbersBase extends PanelBase {
  readonly limits?: Limits;
  /** Colour below the first limit; green if absent. */
  readonly lowest?: string;
  /** Shown in place of the numbers. */
  readonly words?: Words;
}

/** Large numbers: one for each numeric column, or for each series its last value. */
export function numbers(base: NumbersBase): PanelDraft {
  const { limits = [], lowest, words } = base;
  const draft = common(base, "stat", { limits, height: 4, ...(lowest === undefined ? {} : { lowest }) });
  const { defaults, overrides } = draft.fieldConfig;
  return {
    ...draft,
    ...(words === undefined ? {} : {
      fieldConfig: { defaults: { ...defaults, mappings: mappings(words) }, overrides },
    }),
    options: {
      colorMode: base.limits === undefined && words === undefined ? "none" : "value",
      graphMode: "none",
      justifyMode: "auto",
      orientation: "auto",
      textMode: "auto",
      wideLayout: true,
      showPercentChange: false,
      percentChangeColorMode: "standard",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    },
  };
}

export interface TimeBase extends PanelBase {
  /** What is said when there is nothing to draw. */
  readonly noValue?: string;
  readonly style?: "lines" | "bars" | "stacked bars" | "stacked areas";
  readonly min?: number;
  readonly max?: number;
  /** Drawn as lines across the panel. */
  readonly limits?: Limits;
}

/** Something over time. */
export function overTime(base: TimeBase): PanelDraft {
  const style = base.style ?? "lines";
  const bars = style === "bars" || style === "stacked bars";
  const draft = common(base, "timeseries", { limits: base.limits ?? [], height: 8 });
  const custom = {
    drawStyle: bars ? "bars" : "line",
    lineInterpolation: "linear",
    lineWidth: 1,
    fillOpacity: bars ? 70 : style === "stacked areas" ? 40 : 8,
    showPoints: "never",
    axisPlacement: "auto",
    stacking: { mode: style.startsWith("stacked") ? "normal" : "none", group: "A" },
    thresholdsStyle: { mode: base.limits === undefined ? "off" : "dashed" },
  };
  return {
    ...draft,
    fieldConfig: {
      defaults: {
        ...draft.fieldConfig.defaults,
        color: { mode: "palette-classic" },
        min: base.min ?? 0,
        ...(base.noValue === undefined ? {} : { noValue: base.noValue }),
        ...(base.max === undefined ? {} : { max: base.max }),
        custom,
      },
      overrides: draft.fieldConfig.overrides,
    },
    options: {
      legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    },
  };
}

/** Rows as they come. */
export function table(base: PanelBase): PanelDraft {
  const draft = common(base, "table", { limits: [], height: 9 });
  const defaults = { ...draft.fieldConfig.defaults, custom: { align: "auto", filterable: false, inspect: false } };
  return {
    ...draft,
    fieldConfig: { ...draft.fieldConfig, defaults },
    options: { frameIndex: 0, showHeader: true, cellHeight: "sm" },
  };
}

/** One horizontal bar for each row: the first column names it. */
export function bars(base: PanelBase): PanelDraft {
  const draft = common(base, "bargauge", { limits: [], height: 8 });
  return {
    ...draft,
    fieldConfig: {
      ...draft.fieldConfig,
      defaults: { ...draft.fieldConfig.defaults, min: 0, color: { mode: "palette-classic" } },
    },
    options: {
      displayMode: "basic",
      orientation: "horizontal",
      valueMode: "text",
      showUnfilled: false,
      namePlacement: "left",
      sizing: "auto",
      minVizHeight: 14,
      minVizWidth: 8,
      maxVizHeight: 40,
      // Every row is a bar of its own, not one bar for the column.
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: true, limit: 30 },
      legend: { displayMode: "list", placement: "bottom", showLegend: false, calcs: [] },
    },
  };
}

/** One slice for each row. */
export function slices(base: PanelBase): PanelDraft {
  const draft = common(base, "piechart", { limits: [], height: 8 });
  return {
    ...draft,
    fieldConfig: {
      ...draft.fieldConfig,
      defaults: { ...draft.fieldConfig.defaults, color: { mode: "palette-classic" } },
    },
    options: {
      pieType: "donut",
      orientation: "auto",
      displayLabels: ["percent"],
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: true, limit: 30 },
      legend: { displayMode: "table", placement: "right", showLegend: true, values: ["value"], calcs: [] },
      tooltip: { mode: "single", sort: "none" },
    },
  };
}

function common(
  base: PanelBase,
  type: PanelDraft["type"],
  rest: { readonly limits: Limits; readonly height: number; readonly lowest?: string },
): PanelDraft {
  const { unit, decimals, interval, maxDataPoints } = base;
  const steps: Threshold[] = [
    { color: rest.lowest ?? "green", value: null },
    ...rest.limits.map(([value, color]) => ({ color, value })),
  ];
  return {
    type,
    title: base.title,
    description: base.description,
    datasource: base.targets[0].datasource,
    ...(interval === undefined ? {} : { interval }),
    ...(maxDataPoints === undefined ? {} : { maxDataPoints }),
    targets: base.targets,
    fieldConfig: {
      defaults: {
        unit: unit ?? (type === "timeseries" ? "short" : "locale"),
        ...(decimals === undefined ? {} : { decimals }),
        thresholds: { mode: "absolute", steps },
      },
      overrides: base.overrides ?? [],
    },
    options: {},
    width: base.width,
    height: base.height ?? rest.height,
  };
}
