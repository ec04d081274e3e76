import { z } from "zod";
import { clickhouseAppend, events, type TopologyBuilder } from "../../src/mod.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import type { Choices } from "./choices.ts";
import type { SimulatedLog } from "./simulated_log.ts";

const clicks = events("sim.clicks", { row: z.object({ n: z.int() }) });
const visits = clickhouseAppend("visits", { columns: { n: "Int64", part: "UInt8" }, orderBy: ["n"] });

/** Topic of the events that the simulated world writes. */
export const CLICKS = clicks.spec.topic;

/** How many rows each event makes: none, one or two. */
function partsOf(n: number): number {
  return n % 5 === 0 ? 0 : n % 3 === 0 ? 2 : 1;
}

/** Adds the events to a table, some as two rows, and some as none. */
export function declareVisits(builder: TopologyBuilder): void {
  builder.stream(clicks)
    .filter(({ n }) => partsOf(n) > 0)
    .flatMapValues(({ n }) => Array.from({ length: partsOf(n) }, (_, part) => ({ n, part })))
    .to(visits);
}

/** The events of a world: all that were written, and what must have become of them. */
export class Events {
  readonly #log: SimulatedLog;
  readonly #choices: Choices;
  readonly #written: number[] = [];

  constructor(log: SimulatedLog, { choices, partitions }: { readonly choices: Choices; readonly partitions: number }) {
    this.#log = log;
    this.#choices = choices;
    log.create({ name: CLICKS, partitions, cleanup: "delete", retentionMs: -1 });
  }

  /** Writes one more. */
  write(): void {
    const n = this.#written.length + 1;
    const { length } = this.#log.topics.get(CLICKS)!.partitions;
    const partition = this.#choices.below(length);
    if (!this.#choices.happens("event", () => `${n} into partition ${partition}`)) return;
    this.#written.push(n);
    this.#log.store({ topic: CLICKS, partition, records: [{ key: null, value: `{"n":${n}}` }] });
  }

  /**
   * How the rows that are stored differ from what each event once makes; null if they do not. `complete`: all of them
   * must be there.
   */
  differenceOf(
    memory: Pick<MemoryWarehouse, "appendedRows">,
    { complete }: { readonly complete: boolean },
  ): string | null {
    const wanted = new Map<string, number>();
    for (const n of this.#written) for (let part = 0; part < partsOf(n); part++) wanted.set(`${n}.${part}`, 1);
    for (const { n, part } of memory.appendedRows("visits")) {
      const place = `${n}.${part}`;
      wanted.set(place, (wanted.get(place) ?? 0) - 1);
    }
    const wrong = [...wanted].filter(([, count]) => count < 0 || (complete && count > 0))
      .map(([place, count]) => count > 0 ? `visits lacks ${place}` : `visits has ${place} ${1 - count} times`);
    return wrong.length === 0 ? null : wrong.slice(0, 10).join("\n");
  }
}
