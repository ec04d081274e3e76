import { changePlain, live } from "./history.ts";
import { choicesOf } from "./random.ts";
import { randomTopology } from "./random_topology.ts";

/** `WEIR_ORACLE_SEEDS=from,count` runs others; a failure names its seed. */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,150").split(",").map(Number);

Deno.test(`oracle: ${histories} random topologies live random lives, seeds from ${from}`, async () => {
  for (let seed = from; seed < from + histories; seed++) {
    const choices = choicesOf(seed);
    try {
      await live(randomTopology(choices), { seed, choices, change: changePlain });
    } catch (cause) {
      throw new Error(`seed ${seed}; again: WEIR_ORACLE_SEEDS=${seed},1 deno test -A tests/oracle`, { cause });
    }
  }
});
