import { assert, assertEquals } from "@std/assert";
import type { WrittenChange } from "../../../src/dsl/table_changes.ts";
import { computeTableChanges, type WrittenRecord } from "../../../src/oracle/table_changes_oracle.ts";
import { TableChanges } from "../../../src/processor/stateful/table_changes.ts";
import type { Row } from "../../../src/record/row.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { CrashingRun, undisturbed } from "./crashing_run.ts";
import { type Arrived, Machine } from "./machine.ts";

const machine = () => new Machine((ports) => new TableChanges(ports));
const GENERATION = 2 ** 40;

/** A record of key `a` in partition 0. */
function written(by: string, row: Row | null, { key = { id: 1 } }: { readonly key?: Row } = {}): Arrived {
  const [task, epoch, seq] = by.split("/");
  const value: WrittenChange = [0, task, Number(epoch), Number(seq), row === null ? null : key, row];
  return { group: "a", value, at: 5 };
}

Deno.test("TableChanges tells each change once, and null where a row is gone that was told", () => {
  const { take, dropped } = told();
  assertEquals(take(written("t-0/1/1", null)), []);
  assertEquals(take(written("t-0/1/2", { n: 1 })), [[{ id: 1 }, { n: 1 }]]);
  assertEquals(take(written("t-0/2/1", { n: 1 })), [], "a start says it once more");
  assertEquals(take(written("t-0/2/2", null)), [[{ id: 1 }, null]]);
  assertEquals(take(written("t-0/2/3", null)), []);
  assertEquals(take(written("t-0/2/4", { n: 1 })), [[{ id: 1 }, { n: 1 }]]);
  assertEquals(dropped, []);
});

Deno.test("TableChanges passes over repeats, and what dead owners and earlier generations write late", () => {
  const { take, dropped } = told();
  const cases: readonly [string, Row | null, boolean][] = [
    ["t-0/1/1", { n: 1 }, true],
    ["t-0/1/3", { n: 3 }, true],
    ["t-0/1/1", { n: 1 }, false],
    ["t-0/1/3", { n: 3 }, false],
    ["t-0/2/1", { n: 4 }, true],
    ["t-0/1/9", { n: 9 }, false],
    ["t-0/2/2", null, true],
    ["t-0/2/1", { n: 4 }, false],
    [`t-5/${GENERATION}/1`, { n: 7 }, true],
    ["t-0/3/1", { n: 8 }, false],
    [`t-0/${GENERATION}/0`, null, false],
    [`t-0/${2 * GENERATION}/0`, null, true],
  ];
  for (const [by, row, counts] of cases) assertEquals(take(written(by, row)).length, counts ? 1 : 0, by);
  assertEquals(dropped, cases.filter(([, , counts]) => !counts).map(() => "repeat"));
});

Deno.test("TableChanges tells a window that grows as gone, and there again", () => {
  const { take } = told();
  const key = (window_end: number) => ({ id: 1, window_start: 0, window_end });
  take(written("t-0/1/1", { n: 1 }, { key: key(5) }));
  assertEquals(take(written("t-0/1/2", { n: 2 }, { key: key(9) })), [[key(5), null], [key(9), { n: 2 }]]);
  assertEquals(take(written("t-0/1/3", null)), [[key(9), null]]);
});

function told() {
  const { operator, forwarded, dropped } = machine();
  const take = ({ group, value, at }: Arrived) => {
    operator.take(0, { key: `"${group}"`, columns: { group }, value, timestampUs: at });
    return forwarded.splice(0).map(({ key, value }) => [key, value]);
  };
  return { take, dropped };
}

const KEYS = ["a", "b", "c", "d"];

/** What tasks write of some keys in two partitions: in order, but for what is there again, or comes late. */
function randomRecords(choices: Choices): WrittenRecord[] {
  const seqs = new Map<string, number>();
  const all: WrittenRecord[] = [];
  for (let index = 0; index < 60; index++) {
    if (all.length > 0 && choices.chance(0.25)) {
      all.push(choices.of(all));
      continue;
    }
    const key = choices.of(KEYS);
    const epoch = choices.of([1, 2, 3, GENERATION + 1]) + Math.floor(index / 30);
    const task = `t-${choices.int(2)}`;
    const takesBack = choices.chance(0.05);
    const seq = takesBack ? 0 : (seqs.get(`${task} ${epoch}`) ?? 0) + 1;
    if (!takesBack) seqs.set(`${task} ${epoch}`, seq);
    const row = takesBack || choices.chance(0.3) ? null : { n: choices.int(3) };
    all.push({ partition: KEYS.indexOf(key) % 2, key, task, epoch, seq, row });
  }
  return all;
}

Deno.test("TableChanges gives what the oracle says, whatever is repeated, late or lost in a crash", () => {
  let events = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const choices = choicesOf(seed);
    const records = randomRecords(choices);
    const arrived = records.map(({ partition, key, task, epoch, seq, row }): Arrived => {
      const value: WrittenChange = [partition, task, epoch, seq, row === null ? null : { key }, row];
      return { group: key, value, at: 1 };
    });
    const subject = { machine, rowOf: () => ({}) };
    const { caused, kept } = undisturbed(subject, arrived);
    const told = caused.flat().map((text) => {
      const { key: { key }, value } = JSON.parse(text);
      return `${key} ${JSON.stringify(value)}`;
    });
    const wanted = computeTableChanges(records).map(({ key, row }) => `${key} ${JSON.stringify(row)}`);
    assertEquals(told, wanted, `seed ${seed}`);
    events += told.length;
    const crashing = new CrashingRun(subject, arrived, { choices }).all(caused);
    assertEquals(crashing.kept, kept, `seed ${seed}`);
  }
  assert(events > 1_500, `${events} events`);
});
