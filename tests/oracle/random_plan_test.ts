import { changePlain, randomHistory } from "./history.ts";
import { PARTITIONS } from "./plain_tables.ts";
import { choicesOf } from "./random.ts";
import { randomPlan } from "./random_plan.ts";
import { assertHolds } from "./report.ts";

/**
 * `WEIR_ORACLE_SEEDS=from,count` runs others; a failure names its seed, and the smallest case found that fails like it.
 */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,100").split(",").map(Number);

Deno.test(`oracle: ${histories} random topologies live random lives, seeds from ${from}`, async () => {
  for (let seed = from; seed < from + histories; seed++) {
    const choices = choicesOf(seed);
    const topology = randomPlan(choices);
    const sliceRows = choices.of([1, 2, 2_000]);
    const compileAfterRows = [0, 3, 2_000][seed % 3];
    const snapshots = seed % 2 === 0;
    const events = randomHistory(choices, changePlain);
    await assertHolds(
      { topology, partitions: PARTITIONS, sliceRows, compileAfterRows, snapshots, events },
      `seed ${seed}`,
    );
  }
});

Deno.test(`oracle: ${histories} random topologies have rows refused, seeds from ${from}`, async () => {
  for (let seed = from; seed < from + histories; seed++) {
    const choices = choicesOf(seed);
    const topology = randomPlan(choices, { spoils: true });
    const sliceRows = choices.of([1, 2, 2_000]);
    const compileAfterRows = [0, 3, 2_000][seed % 3];
    const refusals = choices.chance(0.5);
    const snapshots = seed % 2 === 0;
    const events = randomHistory(choices, changePlain);
    await assertHolds(
      { topology, partitions: PARTITIONS, sliceRows, compileAfterRows, refusals, snapshots, events },
      `refusing seed ${seed}`,
    );
  }
});

Deno.test(`oracle: ${histories} random topologies have rows that grow old, seeds from ${from}`, async () => {
  for (let seed = from; seed < from + histories; seed++) {
    const choices = choicesOf(seed);
    const topology = randomPlan(choices, { expires: true, spoils: choices.chance(0.3) });
    const sliceRows = choices.of([1, 2, 2_000]);
    const compileAfterRows = [0, 3, 2_000][seed % 3];
    const events = randomHistory(choices, changePlain, { passes: true });
    await assertHolds({ topology, partitions: PARTITIONS, sliceRows, compileAfterRows, events }, `ageing seed ${seed}`);
  }
});
