import { assertEquals } from "@std/assert";

/** Many short rounds: most of them are not interrupted, so the median is one that was not. */
const ROUNDS = 601;
const WARMING_ROUNDS = 100;

/** One way to do the work of one table, row by row. */
export type Way<I> = (input: I) => unknown;

export interface Contest<I> {
  readonly name: string;
  /** For each table: the way that is used, and those that it is measured against. */
  readonly ways: Readonly<Record<string, readonly Way<I>[]>>;
  /** Inputs for each table, new for each measurement. */
  readonly inputs: () => readonly (readonly I[])[];
  /** The ways do the same with another result: digests by other algorithms. */
  readonly otherResults?: boolean;
}

/** So that nothing that is measured can be left out by the engine. */
const kept: unknown[] = new Array(1024).fill(null);

/** Does the work of every table once. Gives nanoseconds for each input. */
export function run<I>(ways: readonly Way<I>[], inputs: readonly (readonly I[])[]): number {
  const start = performance.now();
  let at = 0;
  for (let table = 0; table < ways.length; table++) {
    const way = ways[table];
    for (const input of inputs[table]) kept[at++ & 1023] = way(input);
  }
  return (performance.now() - start) * 1e6 / at;
}

/** Prints how many times as long as the first way each other way takes: median of the rounds, smallest and greatest. */
export function compete<I>({ name, ways, inputs, otherResults = false }: Contest<I>): void {
  const names = Object.keys(ways);
  const [results, ...others] = names.map((way) => ways[way].map((of, table) => of(inputs()[table][0])));
  if (!otherResults) { for (const other of others) assertEquals(other, results, name); }
  const times = names.map((): number[] => []);
  for (let round = -WARMING_ROUNDS; round < ROUNDS; round++) {
    names.forEach((way, index) => {
      const time = run(ways[way], inputs());
      if (round >= 0) times[index].push(time);
    });
  }
  print(name, { names, times });
}

/** Prints the first way's time, and how many times as long each other way took. `times`: of each round. */
export function print(
  name: string,
  { names, times }: { readonly names: readonly string[]; readonly times: readonly (readonly number[])[] },
): void {
  const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
  const middle = (values: readonly number[]) => sorted(values)[values.length >> 1];
  console.log(`${name} (${middle(times[0]).toFixed(0)} ns)`);
  for (let index = 1; index < names.length; index++) {
    const ratios = sorted(times[index].map((time, round) => time / times[0][round]));
    const [low, high] = [ratios[ratios.length >> 2], ratios[(ratios.length * 3) >> 2]];
    const figure = `${middle(ratios).toFixed(2)} times as long`.padEnd(20);
    console.log(`  ${names[index].padEnd(48)} ${figure} (half of all: ${low.toFixed(2)} to ${high.toFixed(2)})`);
  }
}
