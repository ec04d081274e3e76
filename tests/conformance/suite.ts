/** What one input record caused: `value` null is a tombstone. */
export interface Output {
  /** The output topic, where a case has several. */
  readonly topic?: string;
  readonly key: string;
  readonly value: string | number | null;
  readonly ts: number;
}

export interface Step {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  /** Milliseconds. */
  readonly ts: number;
  readonly out: readonly Output[];
}

/** One recorded run of Kafka Streams. */
export interface Case {
  readonly name: string;
  /** In words. */
  readonly topology: { readonly op: string; readonly stores?: string };
  readonly steps: readonly Step[];
  readonly finalStores?: Readonly<Record<string, readonly Output[]>>;
}

/** The recorded cases of one suite. */
export async function readCases(suite: string): Promise<readonly Case[]> {
  const text = await Deno.readTextFile(new URL(`./data/${suite}.json`, import.meta.url));
  return (JSON.parse(text) as { cases: readonly Case[] }).cases;
}

/** Key and value of every row shown, sorted. */
export type Shown = readonly (readonly [string, string | number])[];

/** What Kafka Streams' outputs amount to so far, by output topic. */
export class Recorded {
  readonly #tables = new Map<string, Map<string, string | number>>();

  take(outputs: readonly Output[]): void {
    for (const { topic = "out", key, value } of outputs) {
      const table = this.#tables.get(topic) ?? new Map();
      this.#tables.set(topic, table);
      if (value === null) table.delete(key);
      else table.set(key, value);
    }
  }

  shown(topic: string): Shown {
    return sorted(this.#tables.get(topic) ?? []);
  }
}

export function sorted(rows: Iterable<readonly [string, string | number]>): Shown {
  return [...rows].sort(([a], [b]) => a < b ? -1 : 1);
}
