import type { FieldOverride, Panel } from "../dashboards/model.ts";

/** Rows of a query as ClickHouse gave them. */
export type Rows = readonly Readonly<Record<string, unknown>>[];

/** Pixels into which something is drawn. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Unit and decimals of a column: the panel's, unless an override says otherwise. */
export function unitOfColumn(panel: Panel, column: string): { readonly unit: string; readonly decimals?: number } {
  const own = propertiesOf(panel, column);
  return {
    unit: String(own.get("unit") ?? panel.fieldConfig.defaults.unit ?? "short"),
    decimals: (own.get("decimals") ?? panel.fieldConfig.defaults.decimals) as number | undefined,
  };
}

/** What overrides say of a column. */
export function propertiesOf(panel: Panel, column: string): ReadonlyMap<string, unknown> {
  const matching = (panel.fieldConfig.overrides as readonly FieldOverride[]).filter(({ matcher }) =>
    matcher.options === column
  );
  return new Map(matching.flatMap(({ properties }) => properties.map(({ id, value }) => [id, value] as const)));
}

/** Points of one line or stack: its name and a value for each time that has one. */
export interface Series {
  readonly name: string;
  readonly points: ReadonlyMap<number, number>;
}

/** Milliseconds since the epoch of ClickHouse's `YYYY-MM-DD hh:mm:ss`, which is UTC. */
function timeOf(value: unknown): number {
  return Date.parse(`${String(value).replace(" ", "T")}Z`);
}

/** Rows with a column `time` as series: text columns name them, number columns are their values. */
export function seriesIn(rows: Rows): Series[] {
  const series = new Map<string, Map<number, number>>();
  for (const row of rows) {
    const { time, ...rest } = row;
    const labels = Object.values(rest).filter((value) => typeof value === "string" && !isNumber(value));
    for (const [column, value] of Object.entries(rest)) {
      if (!isNumber(value)) continue;
      const name = labels.length > 0 ? labels.join(" ") : column;
      let points = series.get(name);
      if (points === undefined) series.set(name, points = new Map());
      points.set(timeOf(time), Number(value));
    }
  }
  return [...series].map(([name, points]) => ({ name, points }));
}

/** ClickHouse writes integers of 64 bits as text. */
export function isNumber(value: unknown): boolean {
  return typeof value === "number" || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value));
}
