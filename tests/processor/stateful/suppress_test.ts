import { assert, assertEquals, assertThrows } from "@std/assert";
import type { SuppressionSpec } from "../../../src/dsl/suppression.ts";
import { session, tumbling, type Windows } from "../../../src/dsl/windows.ts";
import { computeSuppress } from "../../../src/oracle/suppress_oracle.ts";
import { Suppress } from "../../../src/processor/stateful/suppress.ts";
import { LimitError } from "../../../src/record/errors.ts";
import { encodeWire } from "../../../src/record/wire.ts";
import { choicesOf } from "../../oracle/random.ts";
import { eachSeed } from "../../state/each_seed.ts";
import { Machine } from "./machine.ts";
import { randomChanges, randomSuppression } from "./random_suppression.ts";

const SEEDS = Number(Deno.env.get("WEIR_SEEDS") ?? 500);
const UNIT = { milliseconds: 0.001 };

function waiting(spec: Partial<SuppressionSpec>, windows: Pick<Windows<string>, "spec"> | null = null) {
  const until = { kind: "limit", limitUs: 10 } as const;
  const window = windows?.spec ?? null;
  const whole = { until, recordsMax: null, bytesMax: null, whenFull: "emit" as const, ...spec };
  const machine = new Machine((ports) =>
    new Suppress(
      { name: "final", of: { sides: [{ groupBy: () => null, aggregates: {} }], window }, spec: whole },
      ports,
    )
  );
  const take = (
    [group, at]: readonly [string, number],
    [row, start = 0, end = 0]: readonly [unknown, number?, number?],
  ) =>
    machine.take({ group, value: [start, end, row === null ? null : { row }], at })
      .map(({ key: { group, window_end }, value, timestampUs }) =>
        `${group}${window_end === undefined ? "" : `<${window_end}`} ${value?.row ?? null} ${timestampUs}`
      );
  return { machine, take };
}

Deno.test("Suppress tells the last change of a row when the limit is over, and counts from the first one", () => {
  const { take } = waiting({});
  assertEquals([take(["a", 1], ["x"]), take(["a", 7], ["y"]), take(["b", 10], ["z"])], [[], [], []]);
  assertEquals(take(["a", 11], ["w"]), ["a w 11"]);
  assertEquals(take(["a", 12], [null]), []);
  assertEquals(take(["c", 30], [1]), ["b z 10", "a null 12"]);
});

Deno.test("Suppress tells the oldest first, and of one time in the order of keys", () => {
  const { take } = waiting({ until: { kind: "limit", limitUs: 5 } });
  for (const [group, at] of [["c", 2], ["b", 1], ["a", 2], ["b", 3]] as const) {
    assertEquals(take([group, at], [at]), []);
  }
  assertEquals(take(["z", 9], [null]), ["b 3 3", "a 2 2", "c 2 2"]);
});

Deno.test("Suppress tells early what is more than may wait, the oldest first: rows and their bytes", () => {
  const rows = waiting({ recordsMax: 2 });
  assertEquals([rows.take(["a", 2], [1]), rows.take(["b", 1], [2]), rows.take(["b", 3], [3])], [[], [], []]);
  assertEquals(rows.take(["c", 4], [4]), ["b 3 3"]);
  const bytes = waiting({ bytesMax: 50 });
  assertEquals([bytes.take(["a", 1], ["x"]), bytes.take(["b", 1], ["x"])], [[], ["a x 1"]]);
  assertEquals(bytes.take(["b", 1], ["y"]), []);
  const long = "x".repeat(60);
  assertEquals(bytes.take(["c", 2], [long]), ["b y 1", `c ${long} 2`]);
});

Deno.test("Suppress stops when more waits than may and nothing is to be told early, and says what to do", () => {
  const { take } = waiting({ recordsMax: 2, whenFull: "stop" });
  assertEquals([take(["a", 1], [1]), take(["b", 2], [2]), take(["a", 3], [3])], [[], [], []]);
  const error = assertThrows(() => take(["c", 4], [4]), LimitError, "3 of 2 rows");
  assertEquals(error.limit, "waitingMax");
  const due = waiting({ recordsMax: 1, whenFull: "stop" });
  due.take(["a", 1], [1]);
  assertEquals(due.take(["b", 11], [2]), ["a 1 1"], "what is told at once needs no room");
});

Deno.test("Suppress tells a window once, when it closes; of one that was gone by then, nothing", () => {
  const windows = tumbling({ milliseconds: 0.01 }, { grace: { milliseconds: 0.005 } });
  const { take } = waiting({ until: { kind: "close" } }, windows);
  for (const row of ["x", "y"]) assertEquals(take(["a", 3], [row, 0, 10]), []);
  assertEquals(take(["b", 4], ["z", 0, 10]), []);
  assertEquals(take(["b", 5], [null, 0, 10]), []);
  assertEquals(take(["a", 14], ["later", 10, 20]), []);
  assertEquals(take(["b", 15], ["w", 10, 20]), ["a<10 y 3"]);
  // The owner had let time pass, and events came after all.
  assertEquals(take(["a", 9], ["late", 0, 10]), ["a<10 late 9"]);
  assertEquals(take(["a", 9], [null, 0, 10]), ["a<10 null 9"]);
});

Deno.test("Suppress tells a session that grew under its new end, and that it is gone under the old one", () => {
  const { take } = waiting({}, session(UNIT));
  assertEquals(take(["a", 1], ["x", 1, 1]), []);
  assertEquals(take(["b", 11], ["y", 11, 11]), ["a<1 x 1"]);
  assertEquals(take(["a", 1], [null, 1, 1]), [], "it waits, although its time is over: it is there again at once");
  assertEquals(take(["a", 12], ["z", 1, 12]), []);
  assertEquals([take(["a", 12], [null, 1, 12]), take(["a", 13], ["w", 1, 13])], [[], []]);
  assertEquals(take(["c", 21], ["v", 21, 21]), ["a<1 null 13", "a<13 w 13", "b<11 y 11"]);
  assertEquals([take(["a", 13], [null, 1, 13]), take(["a", 14], [null, 1, 14])], [[], []]);
  assertEquals(take(["c", 31], ["u", 21, 21]), ["a<13 null 14", "c<21 u 31"]);
});

Deno.test("Suppress tells all that waits when time passes without a change, if it is to", () => {
  const { machine: { operator, forwarded }, take } = waiting({ idleUs: 100 });
  assertEquals(operator.whenIdle, null);
  take(["a", 1], [1]);
  take(["b", 5], [2]);
  assertEquals(operator.whenIdle, { afterUs: 100, toUs: 15 });
  operator.pass(0, { key: "", columns: {}, value: null, timestampUs: 15 });
  assertEquals([forwarded.length, operator.whenIdle], [2, null]);
  assertEquals(waiting({}).machine.operator.whenIdle, null);
});

Deno.test("Suppress keeps what waits in elements, so that the rest fits into a message however much that is", () => {
  const { machine: { operator }, take } = waiting({ recordsMax: 20_000 });
  const sizes = [1, 10_000].map((rows) => {
    for (let row = 0; row < rows; row++) take([`${"long".repeat(20)} ${row}`, 1], [row]);
    return encodeWire(operator.save()).length;
  });
  assert(sizes[1] < sizes[0] + 20, sizes.join());
});

Deno.test("Suppress tells what is computed from scratch, change by change", () => {
  const met = { told: 0, stopped: 0, early: 0, gone: 0 };
  eachSeed(SEEDS, (seed) => {
    const choices = choicesOf(seed);
    const { of, spec } = randomSuppression(choices);
    const changes = randomChanges(choices, of.window);
    const { told, stopped, waiting } = computeSuppress(changes, { of, spec });
    const machine = new Machine((ports) => new Suppress({ name: "final", of, spec }, ports));
    const own: unknown[][] = [];
    const run = () => {
      for (const { group, start, end, row, timestampUs } of changes) {
        own.push([]);
        try {
          machine.take({ group: group!.group, value: [start, end, row], at: timestampUs })
            .forEach((one) => machine.forwarded.push(one));
        } finally {
          own.at(-1)!.push(...machine.forwarded.splice(0));
        }
      }
    };
    if (stopped) assertThrows(run, LimitError);
    else run();
    assertEquals(machine.operator.waiting, waiting);
    assertEquals(own.map((all) => encodeWire(all)), told.map((all) => encodeWire(all)), encodeWire({ spec }));
    met.stopped += stopped ? 1 : 0;
    met.told += told.flat().length;
    met.gone += told.flat().filter(({ value }) => value === null).length;
    met.early += spec.recordsMax === null && spec.bytesMax === null ? 0 : told.flat().length;
  });
  assert(Object.values(met).every((times) => times > SEEDS / 10), JSON.stringify(met));
});
