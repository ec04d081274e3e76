import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { WorkQueue } from "../../src/runtime/task/work_queue.ts";
import { RightStore } from "../../src/state/right_store.ts";
import { NO_SLOT } from "../../src/state/slots.ts";
import { method } from "../simulation/mutate.ts";
import { type Case, caseText, parseCase, run } from "./case.ts";
import { changeStore } from "./flagships.ts";
import { changePlain, randomHistory } from "./history.ts";
import { PARTITIONS } from "./plain_tables.ts";
import { choicesOf } from "./random.ts";
import { randomPlan } from "./random_plan.ts";
import { assertHolds, changesOf, report } from "./report.ts";
import { shrinkCase } from "./shrink_case.ts";

const SEEDS_MAX = 200;
const CHANGES_MAX = 10;
/** More time than a failing test takes, so that a busy machine makes no difference. */
const LIMITS = { attemptsMax: 2_000, msMax: 60_000 };

/** Deliberate bugs of the join, and the kind of failure that they lead to. */
const BUGS = [
  {
    rule: "a row whose foreign key changes leaves its old partner",
    kind: "difference",
    apply: method(RightStore, "use", (original) =>
      function (entry, key) {
        this.firstKeys ??= new Map();
        if (!this.firstKeys.has(entry)) this.firstKeys.set(entry, key);
        return original.call(this, entry, this.firstKeys.get(entry));
      }),
  },
  {
    rule: "a changed right row is seen by all of its users",
    kind: "difference",
    apply: method(WorkQueue, "markUsers", () =>
      function (links, right) {
        const users = links.walk(right);
        users.next();
        for (let user = users.next(); user !== NO_SLOT; user = users.next()) this.mark(user);
      }),
  },
  {
    rule: "a right row may have many users",
    kind: "RangeError",
    apply: method(WorkQueue, "markUsers", (original) =>
      function (links, right) {
        if (links.users(right) > 2) throw new RangeError("too many users");
        original.call(this, links, right);
      }),
  },
];

function randomCase(seed: number): Case {
  const choices = choicesOf(seed);
  const topology = randomPlan(choices);
  return { topology, partitions: PARTITIONS, sliceRows: 1, events: randomHistory(choices, changePlain) };
}

/** The first case that fails so. */
async function failingCase(kind: string) {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const life = randomCase(seed);
    const failure = await run(life);
    if (failure?.kind === kind) return { life, failure };
  }
  throw new Error(`no ${kind} in ${SEEDS_MAX} seeds`);
}

for (const { rule, kind, apply } of BUGS) {
  Deno.test(`shrinkCase() leaves at most ${CHANGES_MAX} changes when a rule is broken: ${rule}`, async () => {
    const undo = apply();
    let text = "";
    try {
      const first = await failingCase(kind);
      const { life, failure } = await shrinkCase(first, LIMITS);
      text = caseText(life);
      assertEquals(failure.kind, kind);
      assert(changesOf(life) <= CHANGES_MAX, report(life, failure));
      assert(changesOf(life) < changesOf(first.life));
      // What is printed fails again, in the same place.
      const again = await run(parseCase(text));
      assertEquals([again?.kind, again?.where, again?.difference], [kind, failure.where, failure.difference]);
    } finally {
      undo();
    }
    assertEquals(await run(parseCase(text)), null, "without the bug it does not fail");
  });
}

Deno.test("assertHolds() shows a shrunk life of a topology of the store", async () => {
  const undo = BUGS[1].apply();
  try {
    const error = await assertRejects(async () => {
      for (let seed = 1; seed <= SEEDS_MAX; seed++) {
        const events = randomHistory(choicesOf(seed), changeStore);
        await assertHolds({ topology: "sales", partitions: {}, sliceRows: 1, events }, `seed ${seed}`);
      }
    }, Error);
    const [, changes] = /^events, of which changes: (\d+)/m.exec(error.message)!;
    assert(Number(changes) <= CHANGES_MAX, error.message);
    const [, text] = /^again: deno run -A tests\/oracle\/replay\.ts '(.*)'$/m.exec(error.message)!;
    assertNotEquals(await run(parseCase(text)), null);
  } finally {
    undo();
  }
});

Deno.test("parseCase() reads what caseText() wrote", () => {
  for (let seed = 1; seed <= 5; seed++) assertEquals(parseCase(caseText(randomCase(seed))), randomCase(seed));
  const events = randomHistory(choicesOf(1), changeStore);
  const life: Case = { topology: "mirror", partitions: { users: 1 }, sliceRows: 2, events };
  assertEquals(parseCase(caseText(life)), life);
});
