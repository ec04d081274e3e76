import type { Counters, LiveState } from "../api/contract.ts";

/** Rates are means over about this time. */
const OVER_MS = 4_000;

/** Rows a second. */
export interface Rate {
  readonly in: number;
  readonly out: number;
}

/** Makes rates of totals. A process that has started again begins anew: its totals are smaller than those before. */
export class Rates {
  #samples: LiveState[] = [];

  /** Rates by topology and node; none before the second message. */
  take(state: LiveState): ReadonlyMap<string, ReadonlyMap<string, Rate>> {
    const last = this.#samples.at(-1);
    if (last !== undefined && state.status.startedAt !== last.status.startedAt) this.#samples = [];
    this.#samples.push(state);
    while (this.#samples.length > 2 && state.at - this.#samples[1].at >= OVER_MS) this.#samples.shift();
    const [first] = this.#samples;
    const seconds = (state.at - first.at) / 1000;
    if (seconds <= 0) return new Map();
    return new Map(state.topologies.map(({ name, counters }) => {
      const before = first.topologies.find((topology) => topology.name === name)?.counters ?? {};
      const rates = Object.entries(counters).flatMap(([id, now]) =>
        before[id] === undefined ? [] : [[id, rateOf(before[id], { now, seconds })] as const]
      );
      return [name, new Map(rates)];
    }));
  }
}

function rateOf(before: Counters, { now, seconds }: { readonly now: Counters; readonly seconds: number }): Rate {
  const each = (from: number, to: number) => Math.max(0, (to - from) / seconds);
  return { in: each(before.in, now.in), out: each(before.out, now.out) };
}
