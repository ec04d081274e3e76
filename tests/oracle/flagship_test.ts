import { changeStore, FLAGSHIPS } from "./flagships.ts";
import { randomHistory } from "./history.ts";
import { choicesOf } from "./random.ts";
import { assertHolds } from "./report.ts";

/**
 * `WEIR_ORACLE_SEEDS=from,count` runs others; a failure names its seed, and the smallest case found that fails like it.
 */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,25").split(",").map(Number);

for (const topology of FLAGSHIPS.keys()) {
  Deno.test(`oracle: "${topology}" lives ${histories} random lives, seeds from ${from}`, async () => {
    for (let seed = from; seed < from + histories; seed++) {
      const choices = choicesOf(seed);
      const partitions = { users: 1 + choices.int(3), order_items: 1 + choices.int(4), orders: 1 + choices.int(4) };
      const sliceRows = choices.of([1, 2, 2_000]);
      const compileAfterRows = [0, 3, 2_000][seed % 3];
      const events = randomHistory(choices, changeStore);
      await assertHolds({ topology, partitions, sliceRows, compileAfterRows, events }, `seed ${seed}`);
    }
  });
}
