import { CLICKHOUSE, type Dashboard, type DataSourceRef, type Panel, type RowPanel, type Variable } from "./model.ts";

const COLUMNS = 24;
const TAG = "online-store";

/** A panel before it has an id and a place. */
export type PanelDraft = Omit<Panel, "id" | "gridPos"> & { readonly width: number; readonly height: number };

/** Panels under a title of their own. */
export interface Section {
  /** Null: no title, for the first section. */
  readonly title: string | null;
  readonly panels: readonly PanelDraft[];
}

export interface DashboardDraft {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Relative start of the time range at first, such as `now-7d`. */
  readonly from: string;
  readonly refresh: string;
  readonly variables: readonly Variable[];
  readonly sections: readonly Section[];
}

/**
 * Gives panels their ids and places (from left to right, a new line when one does not fit) and fills in what all
 * dashboards share.
 */
export function dashboard(draft: DashboardDraft): Dashboard {
  return {
    uid: draft.uid,
    title: draft.title,
    description: draft.description,
    tags: [TAG],
    // Buckets of a day are those of ClickHouse, which counts in UTC.
    timezone: "utc",
    editable: false,
    graphTooltip: 1,
    schemaVersion: 42,
    refresh: draft.refresh,
    time: { from: draft.from, to: "now" },
    timepicker: { refresh_intervals: ["5s", "10s", "30s", "1m", "5m", "15m", "1h"] },
    templating: { list: draft.variables },
    annotations: { list: [] },
    links: [{
      asDropdown: false,
      icon: "dashboard",
      includeVars: false,
      keepTime: true,
      tags: [TAG],
      targetBlank: false,
      title: "Store",
      tooltip: "",
      type: "dashboards",
      url: "",
    }],
    panels: place(draft.sections),
  };
}

function place(sections: readonly Section[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, panels } of sections) {
    if (title !== null) {
      const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
      placed.push({ id: placed.length + 1, type: "row", title, collapsed: false, gridPos, panels: [] });
      y++;
    }
    let x = 0;
    let lineHeight = 0;
    for (const { width, height, ...panel } of panels) {
      if (x + width > COLUMNS) {
        y += lineHeight;
        x = lineHeight = 0;
      }
      placed.push({ id: placed.length + 1, ...panel, gridPos: { x, y, w: width, h: height } });
      x += width;
      lineHeight = Math.max(lineHeight, height);
    }
    y += lineHeight;
  }
  return placed;
}

export interface VariableDraft {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly query: string;
  readonly datasource?: DataSourceRef;
}

/** A variable of which several values can be chosen, all at first. Read from ClickHouse unless said otherwise. */
export function choice(draft: VariableDraft): Variable {
  const datasource = draft.datasource ?? CLICKHOUSE;
  return {
    type: "query",
    name: draft.name,
    label: draft.label,
    description: draft.description,
    datasource,
    query: draft.query,
    definition: draft.query,
    multi: true,
    includeAll: true,
    refresh: 1,
    sort: 0,
    regex: "",
    hide: 0,
    skipUrlSync: false,
    current: { selected: true, text: ["All"], value: ["$__all"] },
    options: [],
    // A label that is missing matches as well; a list of all values would not.
    ...(datasource === CLICKHOUSE ? {} : { allValue: ".*" }),
  };
}
