/** Grafana's classic dashboard model: the parts that are used here. */

/** Reference to a data source that is provisioned under a fixed uid. */
export interface DataSourceRef {
  readonly type: string;
  readonly uid: string;
}

/** uids are those of grafana/provisioning/datasources. */
export const PROMETHEUS: DataSourceRef = { type: "prometheus", uid: "prometheus" };
export const CLICKHOUSE: DataSourceRef = { type: "grafana-clickhouse-datasource", uid: "clickhouse" };

/** Version of the plugin whose query model is written. */
export const CLICKHOUSE_PLUGIN = "4.20.0";

/** One query of a panel. */
export type Target = ClickHouseTarget | PrometheusTarget;

export interface ClickHouseTarget {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly editorType: "sql";
  readonly queryType: "timeseries" | "table";
  /** 0: time series, 1: table. */
  readonly format: 0 | 1;
  readonly pluginVersion: string;
  readonly rawSql: string;
}

export interface PrometheusTarget {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly expr: string;
  readonly legendFormat: string;
  readonly range: boolean;
  readonly instant: boolean;
  readonly format: "time_series" | "table";
}

export interface Threshold {
  readonly color: string;
  /** Null for the first step. */
  readonly value: number | null;
}

/** Words in place of numbers, by the number as text. */
export interface ValueMapping {
  readonly type: "value";
  readonly options: Readonly<Record<string, { readonly text: string; readonly color: string; readonly index: number }>>;
}

export interface FieldOverride {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface FieldConfig {
  readonly defaults: {
    readonly unit?: string;
    readonly decimals?: number;
    readonly min?: number;
    readonly max?: number;
    /** Shown in place of a panel without data. */
    readonly noValue?: string;
    readonly mappings?: readonly ValueMapping[];
    readonly color?: { readonly mode: string; readonly fixedColor?: string };
    readonly thresholds?: { readonly mode: "absolute"; readonly steps: readonly Threshold[] };
    readonly custom?: Readonly<Record<string, unknown>>;
  };
  readonly overrides: readonly FieldOverride[];
}

export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: "stat" | "timeseries" | "table" | "bargauge" | "barchart" | "piechart";
  readonly title: string;
  readonly description: string;
  readonly gridPos: GridPos;
  readonly datasource: DataSourceRef;
  /** Least time between two points. */
  readonly interval?: string;
  readonly maxDataPoints?: number;
  readonly targets: readonly Target[];
  readonly fieldConfig: FieldConfig;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A line across the dashboard with a title. */
export interface RowPanel {
  readonly id: number;
  readonly type: "row";
  readonly title: string;
  readonly collapsed: false;
  readonly gridPos: GridPos;
  readonly panels: readonly [];
}

export interface Variable {
  readonly type: "query";
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly datasource: DataSourceRef;
  /**
   * SQL, or a Prometheus `label_values(...)`. With two columns of SQL the first is the value, the second what is shown.
   */
  readonly query: string;
  readonly definition: string;
  readonly multi: boolean;
  readonly includeAll: boolean;
  /** 1: asked when the dashboard is opened. */
  readonly refresh: 1;
  readonly sort: 0;
  readonly regex: "";
  readonly hide: 0;
  readonly skipUrlSync: false;
  readonly current: { readonly selected: true; readonly text: readonly ["All"]; readonly value: readonly ["$__all"] };
  readonly options: readonly [];
  /** What "All" stands for; for ClickHouse `$__conditionalAll` takes the condition out instead. */
  readonly allValue?: string;
}

export interface DashboardLink {
  readonly asDropdown: false;
  readonly icon: "dashboard";
  readonly includeVars: false;
  readonly keepTime: true;
  readonly tags: readonly string[];
  readonly targetBlank: false;
  readonly title: string;
  readonly tooltip: string;
  readonly type: "dashboards";
  readonly url: "";
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly timezone: "utc";
  readonly editable: false;
  readonly graphTooltip: 1;
  readonly schemaVersion: 42;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly timepicker: { readonly refresh_intervals: readonly string[] };
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly [] };
  readonly links: readonly DashboardLink[];
  readonly panels: readonly (Panel | RowPanel)[];
}
