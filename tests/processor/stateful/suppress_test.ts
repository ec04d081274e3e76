import { assert, assertEquals, assertThrows } from "@std/assert";
import type { SuppressionSpec } from "../../../src/dsl/suppression.ts";
import { suppress } from "../../../src/processor/stateful/suppress.ts";
import { LimitError } from "../../../src/record/errors.ts";
import type { Row } from "../../../src/record/row.ts";
import { type Case, readSuites, RECORDED } from "../../conformance/recorded.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { eachSeed } from "../../state/each_seed.ts";
import { CrashingRun, type Subject, undisturbed } from "./crashing_run.ts";
import { type Arrived, Machine } from "./machine.ts";

const SEEDS = Number(Deno.env.get("WEIR_SEEDS") ?? 300);

function subjectOf(spec: SuppressionSpec): Subject {
  return {
    machine: () => new Machine((ports) => suppress(spec, ports)),
    rowOf: (columns, { state }) => ({ ...columns, ...(state as readonly [Row])[0] }),
  };
}

function recordedCase(cases: readonly Case[]): Case {
  return cases.find(({ name }) => name === "suppress_time10_max3_seed1")!;
}

Deno.test("suppress() tells early what is more than may wait, step by step as recorded", async () => {
  const [{ cases }] = await readSuites(new URL("suppress-cogroup.json", RECORDED));
  const machine = subjectOf({ limitUs: 10, recordsMax: 3, bytesMax: null, whenFull: "emit" }).machine();
  for (const [index, { key, value, ts, out }] of recordedCase(cases).steps.entries()) {
    // A table has no row without a key.
    const own = key === null ? [] : machine.take({ group: key, value: value === null ? null : { value }, at: ts })
      .map((result) => ({ key: result.key.group, value: result.value?.value ?? null, ts: result.timestampUs }));
    assertEquals(own, out.map((output) => ({ key: output.key, value: output.value, ts: output.ts })), `step ${index}`);
  }
});

Deno.test("suppress() refuses a change for which there is no room, and its time passes", () => {
  const machine = subjectOf({ limitUs: 10, recordsMax: 2, bytesMax: null, whenFull: "refuse" }).machine();
  const take = (group: string, at: number) =>
    machine.take({ group, value: { at }, at }).map(({ key, value }) => `${key.group} ${value?.at}`);
  assertEquals([take("a", 1), take("b", 2), take("a", 3)], [[], [], []]);
  assertThrows(() => take("c", 4), LimitError, "2 of 2 keys");
  assertThrows(() => take("c", 10), LimitError, "2 of 2 keys");
  assertEquals(take("c", 11), ["a 3"]);
  // What would be told at once needs no room.
  assertEquals(take("d", 1), ["d 1"]);
  assertThrows(() => take("d", 11), LimitError);
});

Deno.test("suppress() counts the bytes of what waits", () => {
  const machine = subjectOf({ limitUs: 100, recordsMax: 9, bytesMax: 50, whenFull: "emit" }).machine();
  const take = (group: string, text: string) =>
    machine.take({ group, value: { text }, at: 1 }).map(({ key }) => key.group);
  assertEquals(take("a", "x"), []);
  assertEquals(take("b", "x"), ["a"]);
  assertEquals(take("b", "y"), []);
  assertEquals(take("c", "x".repeat(60)), ["b", "c"]);
});

Deno.test("suppress() tells the oldest first, and of one time in the order of keys", () => {
  const machine = subjectOf({ limitUs: 5, recordsMax: 9, bytesMax: null, whenFull: "emit" }).machine();
  for (const [group, at] of [["c", 2], ["b", 1], ["a", 2], ["b", 3]] as const) {
    assertEquals(machine.take({ group, value: { at }, at }), []);
  }
  const told = machine.take({ group: "z", value: null, at: 9 }).map(({ key, value }) => `${key.group} ${value?.at}`);
  assertEquals(told, ["b 3", "a 2", "c 2"]);
});

function specOf(choices: Choices): SuppressionSpec {
  return {
    limitUs: choices.int(20),
    recordsMax: 1 + choices.int(4),
    bytesMax: choices.chance(0.3) ? 60 + choices.int(80) : null,
    whenFull: choices.of(["emit", "refuse"]),
  };
}

function changesOf(choices: Choices): Arrived[] {
  let now = 100;
  return Array.from({ length: 10 + choices.int(60) }, () => {
    now += choices.of([0, 0, 1, 1, 2, 3, 12]);
    const value = choices.chance(0.3) ? null : { n: choices.int(1_000) };
    return { group: choices.of(["a", "b", "c", "d", "e"]), value, at: now - choices.of([0, 0, 0, 3, 15]) };
  });
}

Deno.test("suppress() keeps, shows and forwards the same whatever crashes, and whatever was durable", () => {
  let told = 0;
  eachSeed(SEEDS, (seed) => {
    const choices = choicesOf(seed);
    const spec = specOf(choices);
    const events = changesOf(choices);
    const { caused, kept, shown } = undisturbed(subjectOf(spec), events);
    told += caused.flat().length;
    const crashed = new CrashingRun(subjectOf(spec), events, { choices }).all(caused);
    assertEquals(crashed, { kept, shown }, JSON.stringify(spec));
  });
  assert(told > SEEDS);
});

Deno.test("suppress() shows, in the end, the last change of each key", () => {
  eachSeed(100, (seed) => {
    const choices = choicesOf(seed);
    const spec: SuppressionSpec = { ...specOf(choices), whenFull: "emit" };
    const events = [...changesOf(choices), { group: "z", value: null, at: 10_000 }];
    const last = new Map(events.map(({ group, value }) => [group, value]));
    const wanted = [...last].flatMap(([group, value]) =>
      value === null ? [] : [JSON.stringify({ group, ...value as Row })]
    );
    assertEquals(undisturbed(subjectOf(spec), events).shown, wanted.sort());
  });
});
