import { computeSinks } from "../../../src/oracle/oracle.ts";
import type { ProofSource } from "../../../src/cli/proof/proof_source.ts";
import type { ProvedSink } from "../../../src/cli/proof/proved_sinks.ts";
import { Prover, type Standing } from "../../../src/cli/proof/prover.ts";
import type { ShownReader, ShownRows } from "../../../src/cli/proof/shown_sink.ts";
import type { SinkKey } from "../../../src/cli/proof/sink_key.ts";
import { canonicalKey, type CanonicalRow } from "../../../src/cli/verify/compare.ts";
import { canonical, columnsOf, decoded, shop, type SinkName, type Tables, truthOf } from "./shop.ts";

/** Numbers between 0 and 1 that a seed decides. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Stored {
  row: CanonicalRow | null;
  version: number;
}

/**
 * A source that changes, and ClickHouse some way behind it: every key of every sink shows the source as it was at a
 * moment of its own, and Weir writes it only when it evaluates to another row than it has written last. Time passes,
 * and something happens, whenever somebody waits for an answer.
 */
export class World {
  /** How many things happen while one waits. */
  busy = 3;
  /** Changes of the source go on. */
  changing = true;
  /** How likely a key is written at each step, so how late it is. */
  pace = 0.5;
  applies = true;
  /** So many changes later the log has one. */
  sentLate = 0;
  standing: Standing = { paused: null, elsewhere: false, excuse: null };
  readonly random: () => number;
  readonly prover: Prover;
  readonly #states: Tables[] = [{ orders: new Map(), items: new Map() }];
  readonly #expected = new Map<number, Record<SinkName, Map<string, CanonicalRow>>>();
  readonly #stored: Record<SinkName, Map<string, Stored>> = { lines: new Map(), totals: new Map() };
  /** What Weir has written last, whatever others made of it. */
  readonly #written: Record<SinkName, Map<string, string>> = { lines: new Map(), totals: new Map() };
  /** Of which moment each key was evaluated last. */
  readonly #seen: Record<SinkName, Map<string, number>> = { lines: new Map(), totals: new Map() };
  readonly #sinks = new Map<string, ProvedSink>();
  #version = 0;
  #nowMs = 1_000;

  constructor(seed: number) {
    this.random = randomOf(seed);
    for (let step = 0; step < 60; step++) this.change();
    this.catchUp();
    this.prover = new Prover({
      topologies: [shop],
      source: this.#source(),
      shown: (sink) => this.#shown(sink),
      standing: () => this.#after(() => this.standing),
      applied: () => this.#applied(),
      streams: {
        withheld: () => null,
        brought: () => Promise.resolve([]),
        topics: () => Promise.resolve([]),
        records: () => Promise.resolve(null),
      },
      appended: () => {
        throw new TypeError("no table is appended to");
      },
      pace: {
        rangeRows: 7,
        rowsMax: 10_000,
        breathe: () => this.#after(() => {}),
        nowMs: () => this.#nowMs += 2_000,
      },
    });
  }

  get #now(): number {
    return this.#states.length - 1;
  }

  /** One change of the source: an order's status, an item's order or amount, an item that comes or goes. */
  change(): void {
    const { orders, items } = this.#states[this.#now];
    const next = { orders: new Map(orders), items: new Map(items) };
    const id = 1 + Math.floor(this.random() * 30);
    const order = 1 + Math.floor(this.random() * 8);
    const kind = this.random();
    if (kind < 0.2) next.orders.set(order, { id: order, status: this.random() < 0.3 ? "cancelled" : "paid" });
    else if (kind < 0.3) next.orders.delete(order);
    else if (kind < 0.4) next.items.delete(id);
    // Few values: totals go up and down between the same ones.
    else next.items.set(id, { id, order_id: order, amount: Math.floor(this.random() * 3) });
    this.#states.push(next);
  }

  /** What a sink must show of the source as it was then. */
  expected(sink: SinkName, at = this.#now): Map<string, CanonicalRow> {
    let found = this.#expected.get(at);
    if (found === undefined) {
      const state = this.#states[at];
      const computed = computeSinks(shop, (topic) => decoded(topic, state));
      const rowsOf = (name: SinkName) => new Map([...computed.get(name)!.rows.values()].map(canonical(name)));
      this.#expected.set(at, found = { lines: rowsOf("lines"), totals: rowsOf("totals") });
    }
    return found[sink];
  }

  /** One key is evaluated of a moment that is not before the last one, and written if it is not as written before. */
  #evaluate(sink: SinkName, { key, at }: { readonly key: string; readonly at: number }): void {
    this.#seen[sink].set(key, at);
    const row = this.expected(sink, at).get(key) ?? null;
    const text = JSON.stringify(row);
    if ((this.#written[sink].get(key) ?? "null") === text) return;
    this.#written[sink].set(key, text);
    this.#stored[sink].set(key, { row, version: ++this.#version });
  }

  /** Everything that the source has now is written. */
  catchUp(): void {
    for (const sink of ["lines", "totals"] as const) {
      for (const key of this.#keys(sink)) this.#evaluate(sink, { key, at: this.#now });
    }
  }

  #keys(sink: SinkName): Set<string> {
    return new Set([...this.expected(sink).keys(), ...this.#written[sink].keys()]);
  }

  #step(): void {
    if (this.changing && this.random() < 0.5) this.change();
    for (const sink of ["lines", "totals"] as const) {
      for (const key of this.#keys(sink)) {
        if (this.random() > this.pace) continue;
        const from = this.#seen[sink].get(key) ?? 0;
        this.#evaluate(sink, { key, at: from + Math.floor(this.random() * (this.#now - from + 1)) });
      }
    }
  }

  async #after<T>(answer: () => T): Promise<T> {
    await Promise.resolve();
    for (let step = Math.floor(this.random() * this.busy); step > 0; step--) this.#step();
    return answer();
  }

  /** Whether all that the source has at the question is shown at the answer. */
  async #applied(): Promise<boolean> {
    const at = this.#now;
    await this.#after(() => {});
    if (!this.applies || this.random() < 0.1) return false;
    for (const sink of ["lines", "totals"] as const) {
      for (const key of this.#keys(sink)) {
        if ((this.#seen[sink].get(key) ?? 0) < at) this.#evaluate(sink, { key, at });
      }
    }
    return await this.#after(() => true);
  }

  #source(): ProofSource {
    return {
      open: () =>
        this.#after(() => truthOf(this.#states[this.#now], { wait: () => this.#after(() => {}), mark: this.#now })),
      // deno-lint-ignore require-await
      unsent: async (mark) => this.#now - Number(mark) < this.sentLate || this.random() < 0.1 ? "not sent" : null,
      close: () => Promise.resolve(),
    };
  }

  #shown(sink: ProvedSink): ShownReader {
    const name = sink.plan.name as SinkName;
    this.#sinks.set(name, sink);
    const columns = columnsOf(name);
    const rows = (isIn: (key: string) => boolean): ShownRows =>
      new Map(
        [...this.#stored[name]].flatMap(([key, { row }]) => row !== null && isIn(key) ? [[key, [row]] as const] : []),
      );
    const textOf = (key: SinkKey) => canonicalKey(key.map((_, place) => place), key);
    return {
      columns,
      names: columns.map((column) => column.name),
      key: [0],
      textOf,
      keyOf: (row) => [row[0]],
      range: ({ after, upTo }) =>
        this.#after(() =>
          rows((key) =>
            (after === null || Number(key.slice(1)) > Number(after)) &&
            (upTo === null || Number(key.slice(1)) <= Number(upTo))
          )
        ),
      some: (keys) => this.#after(() => rows((key) => keys.some((one) => textOf(one) === key))),
      versions: (keys) =>
        this.#after(() =>
          new Map(keys.flatMap((key) => {
            const stored = this.#stored[name].get(textOf(key));
            return stored === undefined ? [] : [[textOf(key), String(stored.version)] as const];
          }))
        ),
    };
  }

  /** Keys that are shown otherwise than Weir has written them. */
  wrong(sink: SinkName): string[] {
    return [...this.#keys(sink), ...this.#stored[sink].keys()].filter((key) =>
      JSON.stringify(this.#stored[sink].get(key)?.row ?? null) !== (this.#written[sink].get(key) ?? "null")
    );
  }

  /** Somebody changes ClickHouse behind Weir's back; returns the key. */
  tamper(sink: SinkName, how: "changed" | "deleted" | "added"): string {
    const stored = this.#stored[sink];
    if (how === "added") {
      const row = ["99", ...columnsOf(sink).slice(1).map(() => "1")];
      stored.set("=99", { row, version: 0 });
      return "=99";
    }
    const present = [...stored].filter(([, { row }]) => row !== null);
    const [key, { row, version }] = present[Math.floor(this.random() * present.length)];
    stored.set(key, { row: how === "deleted" ? null : [...row!.slice(0, -1), "77"], version });
    return key;
  }

  /** It is as Weir has written it again. */
  repair(): void {
    for (const sink of ["lines", "totals"] as const) {
      for (const key of new Set(this.wrong(sink))) {
        const row = JSON.parse(this.#written[sink].get(key) ?? "null") as CanonicalRow | null;
        this.#stored[sink].set(key, { row, version: ++this.#version });
      }
    }
  }

  faults(): string[] {
    return this.prover.report().sinks.flatMap(({ sink, keys }) => keys.map(({ explain }) => `${sink} =${explain}`));
  }
}
