import { assert, assertEquals } from "@std/assert";
import { EventTotals } from "../../../src/cli/proof/event_totals.ts";
import type { StreamAggregateNode } from "../../../src/dsl/stream_nodes.ts";
import type { GroupedEvent } from "../../../src/oracle/stream_fold.ts";
import { streamAggregateRows } from "../../../src/oracle/stream_aggregate_oracle.ts";
import { keyOfColumns, keyText } from "../../../src/record/key.ts";
import { partitionOf } from "../../../src/record/partitioner.ts";
import { encodeWire } from "../../../src/record/wire.ts";
import { choicesOf } from "../../oracle/random.ts";
import { type TotalsLife, totalsOf, TotalsWorld } from "./totals_world.ts";

const PARTITIONS = 3;

Deno.test("EventTotals makes the rows that the oracle makes of the events of each partition", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const choices = choicesOf(seed);
    const life: TotalsLife = {
      kind: choices.of(["none", "tumbling", "hopping", "sliding", "session"]),
      graceS: choices.of([1_000, 0, 5]),
      ...{ sources: 1, partitions: 1 },
    };
    const node = totalsOf(life).streams.find(({ op }) => op === "streamAggregate") as StreamAggregateNode;
    const totals = new EventTotals(node, PARTITIONS);
    const given: GroupedEvent[][] = Array.from({ length: PARTITIONS }, () => []);
    for (let at = 0; at < 60; at++) {
      const columns = { user: choices.int(6) };
      const timestampUs = (100 + at - (choices.chance(0.3) ? choices.int(20) : 0)) * 1_000_000;
      // Some cannot be added up.
      const amount = choices.chance(0.05) ? "none" : choices.int(10);
      const event = { input: 0, columns, value: { ...columns, amount }, timestampUs };
      given[partitionOf(keyText(keyOfColumns(columns)), PARTITIONS)].push(event);
      totals.give(event);
    }
    const expected = given.flatMap((events) => streamAggregateRows(node, events)).map((row) => encodeWire(sorted(row)));
    const made = [...totals.rows()].map(([, row]) => encodeWire(sorted(row)));
    assertEquals(made.sort(), expected.sort(), `seed ${seed}: ${JSON.stringify(life)}`);
  }
});

function sorted(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1));
}

const ALL = { kind: "none", graceS: 0, sources: 1, partitions: 1 } as const;

Deno.test("totals whose first events are gone are taken as Weir keeps them, and not called equal", async () => {
  await using world = await TotalsWorld.open(totalsOf(ALL), ALL);
  for (let at = 0; at < 6; at++) await world.tap({ user: at % 2, second: at });
  await world.settled();
  await world.turns(2);
  assertEquals([world.report.rows, world.report.taken], [2, []]);
  await world.pass(120_000);
  for (let at = 0; at < 3; at++) await world.tap({ user: 5, second: world.second });
  await world.settled();
  await world.log.retain("shop.taps0");
  // What was read before is known; who begins now reads what is left.
  await world.turns(3);
  assertEquals([world.report.rows, world.report.taken], [3, []]);
  const later = world.another();
  await later.turn();
  const [{ rows, taken, differing }] = later.report().sinks;
  const reason = 'topic "shop.taps0" has not all of its records any more';
  assertEquals([rows, taken, differing], [1, [{ rows: 2, reason }], 0]);

  const [key, row] = [...world.stored()].find(([, [user]]) => user === "1")!;
  world.tampered.set(key, [...row.slice(0, -1), "9"]);
  await world.turns(4);
  assertEquals(world.faults(), ["1 different"]);
  // Of what is left of the topic nobody makes that total, and nobody shows it: Weir has it.
  world.tampered.set(key, null);
  for (let turn = 0; turn < 3; turn++) {
    await world.pass(6_000);
    await later.turn();
  }
  const [{ keys, rows: equal }] = later.report().sinks;
  assertEquals([keys.map(({ kind }) => kind), equal], [["missing"], 1]);
});

Deno.test("totals of which there are more than may be held are left out", async () => {
  await using world = await TotalsWorld.open(totalsOf(ALL), ALL);
  for (let at = 0; at < 8; at++) await world.tap({ user: at, second: at });
  await world.settled();
  const few = world.another({ rowsMax: 8 });
  await few.turn();
  assertEquals(few.report().sinks[0].rows, 8);
  await world.tap({ user: 8, second: 9 });
  await world.settled();
  const fewer = world.another({ rowsMax: 8 });
  await fewer.turn();
  assertEquals(fewer.report().sinks, []);
  assert(/more than 8 rows/.test(fewer.report().leftOut[0].reason), fewer.report().leftOut[0].reason);
});

Deno.test("totals of very many events wait until all are read, and others have their turn meanwhile", async () => {
  await using world = await TotalsWorld.open(totalsOf(ALL), ALL);
  for (let times = 0; times < 5; times++) await world.taps(5_000);
  await world.settled();
  const prover = world.another({ portion: 2_000 });
  await prover.turn();
  const [{ checked, waits, paused }] = prover.report().sinks;
  assertEquals([checked, waits, paused], [null, "5,000 records of its topics are still to be read", null]);
  await prover.turn();
  const [{ rows, waits: left }] = prover.report().sinks;
  assertEquals([rows, left], [7, null]);
});
