import { assert, assertEquals } from "@std/assert";
import type { JoinedEvent, JoinResult } from "../../../src/oracle/joined_events.ts";
import { computeStreamJoin } from "../../../src/oracle/stream_join_oracle.ts";
import { computeTableJoin } from "../../../src/oracle/table_join_oracle.ts";
import type { StatefulOperator, StatefulPorts } from "../../../src/processor/stateful/stateful.ts";
import { StreamJoin } from "../../../src/processor/stateful/stream_join.ts";
import { TableJoin } from "../../../src/processor/stateful/table_join.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { eachSeed } from "../../state/each_seed.ts";
import { randomEvents, streamSpec, tableSpec } from "./random_joins.ts";
import { byKey, type Caused, runStage } from "./simulated_stage.ts";

const SEEDS = 400;

type Random = () => number;

/** What only some crashes meet, so that it is known that they were met. */
interface Met {
  /** Results that a former process had brought out, too. */
  replayed: number;
  /** Results that a former process had brought out, and this one did not. */
  passed: number;
}

function checkRun(
  { events, expected, make }: {
    readonly events: readonly JoinedEvent[];
    readonly expected: readonly (readonly JoinResult[])[];
    readonly make: (ports: StatefulPorts) => StatefulOperator;
  },
  { random, met }: { readonly random: Random; readonly met: Met },
): void {
  const wanted = expected.map(byKey);
  const undisturbed = runStage(events, make, { random, crash: 0, write: 0, cut: 0 });
  assertEquals(undisturbed.runs.map(({ caused }) => caused), [wanted], "as from scratch");
  const { runs, kept } = runStage(events, make, { random, crash: 0.05, write: 0.15, cut: 0.1 });
  assertEquals(kept, undisturbed.kept, "keeps the same");
  const out = events.map((): Map<string, readonly string[]> => new Map());
  for (const { from, caused, outTo } of runs) {
    for (const [index, results] of caused.entries()) {
      const at = from + index;
      met.passed += [...out[at].keys()].filter((key) => !results.has(key)).length;
      for (const [key, texts] of results) {
        assertEquals(texts, wanted[at].get(key), `event ${at} of ${key}: all that it causes, and nothing else`);
        if (out[at].has(key)) met.replayed++;
        if (at < outTo) out[at].set(key, texts);
      }
    }
  }
  assertEquals(sorted(out), sorted(wanted), "nothing is missing");
}

function sorted(caused: readonly Caused[]): (readonly (readonly [string, readonly string[]])[])[] {
  return caused.map((ofEvent) => [...ofEvent].sort(([a], [b]) => a < b ? -1 : 1));
}

function property(name: string, run: (random: Random, met: Met) => void): void {
  Deno.test(name, () => {
    const met: Met = { replayed: 0, passed: 0 };
    eachSeed(SEEDS, (seed) => run(mulberry32(seed), met));
    assert(Object.values(met).every((times) => times > SEEDS), JSON.stringify(met));
  });
}

property("StreamJoin makes the same of random events, whatever crashes, as is found from scratch", (random, met) => {
  const [spec, events] = [streamSpec(random), randomEvents(random)];
  const expected = computeStreamJoin(events, spec);
  checkRun({ events, expected, make: (ports) => new StreamJoin(spec, ports) }, { random, met });
});

property("TableJoin makes the same of random events, whatever crashes, as is found from scratch", (random, met) => {
  const [spec, events] = [tableSpec(random), randomEvents(random)];
  const expected = computeTableJoin(events, spec);
  checkRun({ events, expected, make: (ports) => new TableJoin(spec, ports) }, { random, met });
});
