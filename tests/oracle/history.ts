import { Decimal, type Topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { assertTrue } from "./compare.ts";
import type { Choices } from "./random.ts";
import { PARTITIONS, type Plain, SOURCES } from "./random_topology.ts";

const KEYS_MAX = 7;

/** Makes one random change of one row of any source. */
export type Change = (driver: TopologyTestDriver, choices: Choices) => void;

function randomRow(id: number, choices: Choices): Plain {
  const key = () => choices.chance(0.15) ? null : 1 + choices.int(KEYS_MAX);
  return {
    id,
    fk1: key(),
    fk2: key(),
    num: choices.int(10),
    dec: Decimal.of(choices.int(500) - 100, 2),
    tag: choices.of(["x", "y", "zz"]),
  };
}

/** Inserts, updates (also such that change nothing) and deletes rows of the random sources; keys come back. */
export const changePlain: Change = (driver, choices) => {
  const source = choices.of(SOURCES);
  const id = 1 + choices.int(KEYS_MAX);
  const held = [...driver.rows(source)].find(([key]) => key === id)?.[1] as Plain | undefined;
  if (held === undefined) return driver.insert(source, randomRow(id, choices));
  if (choices.chance(0.25)) return driver.delete(source, id);
  const { fk1, fk2, num, dec, tag } = randomRow(id, choices);
  driver.update(source, choices.of([{ id, fk1 }, { id, fk2, num }, { id, num, dec }, { id, tag }, { id }]));
};

/** A random life of one topology: changes in bursts, while it runs or stands still, starts in between; true at every rest. */
export async function live(
  topology: Topology,
  { seed, choices, change, partitions = PARTITIONS }: {
    readonly seed: number;
    readonly choices: Choices;
    readonly change: Change;
    readonly partitions?: Readonly<Record<string, number>>;
  },
): Promise<void> {
  const options = { sliceRows: choices.of([1, 2, 2_000]), allowDeletes: true };
  await using driver = createTopologyTestDriver(topology, { partitions, options });
  const burst = (most: number) => {
    for (let left = choices.int(most); left > 0; left--) change(driver, choices);
  };
  burst(40);
  const rests = 2 + choices.int(4);
  for (let rest = 0; rest < rests; rest++) {
    const where = `seed ${seed}, rest ${rest}`;
    if (rest > 0 && choices.chance(0.25)) {
      burst(8);
      await driver.restart();
    } else {
      const settled = driver.settle();
      settled.catch(() => {});
      // Changes that come while others are being worked on, at any point of it.
      for (let more = choices.int(6); more > 0; more--) {
        for (let turns = choices.int(60); turns > 0; turns--) await Promise.resolve();
        burst(4);
      }
      await settled;
      await driver.settle();
    }
    assertTrue(driver, topology, where);
    burst(10);
  }
  await driver.settle();
  assertTrue(driver, topology, `seed ${seed}, at the end`);
  const { writes } = driver;
  await driver.restart();
  assertTrue(driver, topology, `seed ${seed}, started again`);
  if (driver.writes !== writes) {
    throw new Error(`seed ${seed}: a start without changes wrote ${driver.writes - writes} rows`);
  }
}
