import type { GarbledPrice, Sale } from "../../demo/mod.ts";
import type { TopologyDescription } from "../../plan/description.ts";
import type { Graph } from "./plan_graph.ts";

/** A topology as it is drawn, and in all detail. */
export interface PlannedTopology extends Graph {
  readonly name: string;
  readonly description: TopologyDescription;
}

/** `GET /api/plan` */
export interface PlanAnswer {
  readonly version: number;
  readonly topologies: readonly PlannedTopology[];
}

/** Data of `event: row` of `GET /api/tap/<topology>/<node>`; a row that is gone is null. */
export interface TappedRow {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly key: unknown;
  readonly row: unknown;
  /** `topic/partition/offset` of the record that an event was made of; absent: it is a row of a table. */
  readonly place?: string;
}

/** Data of `event: problem` there: why nothing is seen of this instance; null: it is seen again, or has left. */
export interface TapProblem {
  readonly instance: string;
  readonly problem: string | null;
}

/** `POST /api/query` */
export interface QueryAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly rowsRead: number;
  readonly elapsedMs: number;
  /** There are more rows than these. */
  readonly truncated: boolean;
}

/** `GET /api/demo` */
export interface DemoAnswer {
  /** Of the instance, for whoever wants to kill it. */
  readonly pid: number;
  /** One whose price may be changed. */
  readonly sale: Sale;
}

/** `POST /api/demo/price` */
export interface RepricedSale {
  readonly before: Sale;
  readonly after: Sale;
}

/** `POST /api/demo/bad-record` */
export type BadRecord = GarbledPrice;
