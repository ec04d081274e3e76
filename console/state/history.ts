import type { LiveState, LiveTopology } from "../api/contract.ts";

/** Points of a chart that are kept: ten minutes, if one comes each second. */
const POINTS_MAX = 600;

/** What charts show, one value for each moment; null where nothing is known, which is a gap. */
export interface Series {
  /** Seconds since the epoch. */
  readonly at: number[];
  readonly values: Readonly<Record<Measure, (number | null)[]>>;
}

const MEASURES = {
  changes: ({ topologies }) => sum(topologies.map(({ changesPerSecond }) => changesPerSecond)),
  rows: ({ topologies }) => sum(topologies.map(({ rowsPerSecond }) => rowsPerSecond)),
  lag: ({ topologies }) => sum(topologies.map(lagOf)),
  heap: ({ memory }) => memory.heapBytes,
  external: ({ memory }) => memory.externalBytes,
  resident: ({ memory }) => memory.rssBytes,
} satisfies Record<string, (state: LiveState) => number>;

export type Measure = keyof typeof MEASURES;

/** Gathers the points of the charts. */
export class History {
  readonly series: Series = {
    at: [],
    values: { changes: [], rows: [], lag: [], heap: [], external: [], resident: [] },
  };

  take(state: LiveState): void {
    this.#add(state.at, (measure) => MEASURES[measure](state));
  }

  /** Nothing is known from here on, until the next message. */
  break(atMs: number): void {
    const last = this.series.at.at(-1);
    if (last !== undefined) this.#add(Math.max(atMs, last * 1000 + 1), () => null);
  }

  #add(atMs: number, value: (measure: Measure) => number | null): void {
    const { at, values } = this.series;
    if (at.length > 0 && atMs / 1000 <= at[at.length - 1]) return;
    at.push(atMs / 1000);
    for (const measure of Object.keys(MEASURES) as Measure[]) values[measure].push(value(measure));
    if (at.length <= POINTS_MAX) return;
    at.shift();
    for (const line of Object.values(values)) line.shift();
  }
}

/** Records of all its topics that are not read yet. */
export function lagOf({ lag }: LiveTopology): number {
  return sum(Object.values(lag));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
