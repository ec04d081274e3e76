import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { KafkaMembership } from "../../../../src/adapters/kafka/group/membership.ts";
import { TransactionProducer } from "../../../../src/adapters/kafka/transaction_producer.ts";
import { noMemberNotes } from "../../../../src/adapters/kafka/group/notes.ts";
import type { GroupTask, Held } from "../../../../src/ports/log.ts";
import { ProductionError } from "../../../../src/record/errors.ts";
import { FakeCoordinator } from "./fake_coordinator.ts";

const places = [{ topic: "t", partition: 0 }, { topic: "t", partition: 1 }];
const tasks: GroupTask[] = places.map((place) => ({ id: `task-${place.partition}`, partitions: [place] }));
const BOTH = ["task-0", "task-1"];
const at = (offset: number, note = `to ${offset}`) => ({ topic: "t", partition: 0, offset, note });

interface Joined {
  readonly coordinator: FakeCoordinator;
  readonly membership: KafkaMembership;
  /** Of both partitions, as soon as the group answers. */
  held(): Promise<Held[]>;
}

async function joined(assignments: (readonly string[])[], use: (joined: Joined) => Promise<void>): Promise<void> {
  const coordinator = new FakeCoordinator(tasks, assignments);
  const options = { group: "g", tasks, onAssigned: () => {}, onFailed: () => {} };
  const membership = new KafkaMembership(coordinator.cluster(), {
    notes: noMemberNotes,
    producer: new TransactionProducer(coordinator.cluster()),
  }, options);
  await membership.join();
  try {
    await use({ coordinator, membership, held: () => answered(() => membership.held(places)) });
  } finally {
    await membership.leave();
  }
}

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (let turn = 0;; turn++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProductionError) || !error.retriable || turn > 2_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

async function rejected(ask: () => Promise<unknown>): Promise<"retriable" | "over" | "setup"> {
  const error = await assertRejects(ask, ProductionError);
  return error.retriable ? "retriable" : error.reason === "setup" ? "setup" : "over";
}

/** Waits until the member takes part in that generation. */
async function reach({ coordinator, held }: Joined, generation: number): Promise<Held[]> {
  for (;;) {
    const found = await held();
    if (coordinator.generation >= generation) return found;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

for (const fault of ["lost", "answer lost", "late"] as const) {
  Deno.test(`KafkaMembership.advance() goes on in the next generation when a commit was not answered (${fault})`, () =>
    joined([BOTH], async ({ coordinator, membership, held }) => {
      const [{ tenure }] = await held();
      coordinator.fault = fault;
      assertEquals(await rejected(() => membership.advance(at(1), tenure)), "retriable");
      assertEquals(await rejected(() => membership.held(places)), "retriable", "it may still take effect");
      assertEquals(await rejected(() => membership.advance(at(2), tenure)), "retriable");
      await answered(() => membership.advance(at(2), tenure));
      assertEquals(coordinator.generation, 2);
      await answered(() => membership.advance(at(3), tenure));
      assertEquals(coordinator.arrive(), fault === "late" ? ["ILLEGAL_GENERATION"] : []);
      const [found] = await held();
      assertEquals(found, { topic: "t", partition: 0, tenure, progress: at(3) });
      assertEquals(coordinator.generation, 2, "and stays there");
    }));
}

Deno.test("KafkaMembership.advance() of other partitions goes on at once when a commit was not answered", () =>
  joined([BOTH], async ({ coordinator, membership, held }) => {
    const [first, second] = await held();
    coordinator.fault = "lost";
    assertEquals(await rejected(() => membership.advance(at(1), first.tenure)), "retriable");
    await answered(() => membership.advance({ ...at(1), partition: 1 }, second.tenure));
  }));

Deno.test("KafkaMembership.advance() takes calls for one partition one after the other", () =>
  joined([BOTH], async ({ coordinator, membership, held }) => {
    const [{ tenure }] = await held();
    coordinator.fault = "late";
    const calls = [1, 2, 3].map((offset) => rejected(() => membership.advance(at(offset), tenure)));
    assertEquals(await Promise.all(calls), ["retriable", "retriable", "retriable"]);
    assertEquals(coordinator.late.length, 1, "those behind it were not even sent");
  }));

Deno.test("KafkaMembership.held() gives another tenure after an assignment without the task, told or not", () =>
  joined([BOTH, ["task-1"], BOTH], async (member) => {
    const { coordinator, membership, held } = member;
    const before = await held();
    for (const generation of [2, 3]) {
      coordinator.rebalance();
      await reach(member, generation);
    }
    const after = await held();
    assertEquals(after.map(({ partition }) => partition), [0, 1]);
    assertNotEquals(after[0].tenure, before[0].tenure);
    assertEquals(after[1].tenure, before[1].tenure);
    assertEquals(await rejected(() => membership.advance(at(1), before[0].tenure)), "over");
    await membership.advance(at(1), after[0].tenure);
  }));

for (
  const [what, miss] of [
    ["in which it did not take part", (coordinator: FakeCoordinator) => coordinator.missed = 1],
    ["whose assignment it never saw", (coordinator: FakeCoordinator) => coordinator.failedSyncs = 1],
    ["after which it was not known any more", (coordinator: FakeCoordinator) => coordinator.expel()],
  ] as const
) {
  Deno.test(`KafkaMembership.held() gives another tenure after a generation ${what}`, () =>
    joined([BOTH], async (member) => {
      const { coordinator, membership, held } = member;
      const [before] = await held();
      miss(coordinator);
      coordinator.rebalance();
      const [after] = await reach(member, 3);
      assertNotEquals(after.tenure, before.tenure);
      assertEquals(await rejected(() => membership.advance(at(1), before.tenure)), "over");
      await membership.advance(at(1), after.tenure);
    }));
}

Deno.test("KafkaMembership.advance() is over at once for a member that the coordinator has given up", () =>
  joined([BOTH], async ({ coordinator, membership, held }) => {
    const [{ tenure }] = await held();
    coordinator.expel();
    assertEquals(await rejected(() => membership.advance(at(1), tenure)), "over");
    assertEquals(coordinator.stored.size, 0);
  }));

Deno.test("KafkaMembership.held() waits while a former owner's commit is taken and not shown yet", () =>
  joined([BOTH], async ({ coordinator, membership, held }) => {
    await held();
    coordinator.unstable = true;
    assertEquals(await rejected(() => membership.held(places)), "retriable");
    coordinator.unstable = false;
    coordinator.stored.set("t-0", { offset: "4", metadata: "note" });
    assertEquals((await held())[0].progress, at(4, "note"));
  }));

Deno.test("KafkaMembership.held() asks no coordinator that does not know the member's generation", () =>
  joined([BOTH], async ({ coordinator, membership, held }) => {
    await held();
    coordinator.generation--;
    assertEquals(await rejected(() => membership.held(places)), "retriable");
  }));

Deno.test("KafkaMembership.held() refuses a broker that cannot tell what is certain", async () => {
  const coordinator = new FakeCoordinator(tasks, [BOTH]);
  coordinator.offsetFetchVersion = 6;
  const options = { group: "g", tasks, onAssigned: () => {}, onFailed: () => {} };
  const membership = new KafkaMembership(coordinator.cluster(), {
    notes: noMemberNotes,
    producer: new TransactionProducer(coordinator.cluster()),
  }, options);
  await membership.join();
  assertEquals(await rejected(() => membership.held(places)), "setup");
  await membership.leave();
});

Deno.test("KafkaMembership.commit() leaves a partition alone that anybody advanced, and commits others", () =>
  joined([BOTH], async ({ coordinator, membership, held }) => {
    await held();
    coordinator.stored.set("t-0", { offset: "4", metadata: "note" });
    await membership.commit([{ topic: "t", partition: 0, offset: 9 }, { topic: "t", partition: 1, offset: 9 }]);
    assertEquals(coordinator.stored.get("t-0"), { offset: "4", metadata: "note" });
    assertEquals(coordinator.stored.get("t-1"), { offset: "9", metadata: "monitoring" });
    assertEquals((await held()).map(({ progress }) => progress), [at(4, "note"), null]);
    await membership.commit([{ topic: "t", partition: 1, offset: 8 }]);
    assertEquals(coordinator.stored.get("t-1")?.offset, "9", "never back");
    coordinator.stored.set("t-1", { offset: "3", metadata: "" });
    assertEquals((await held())[1].progress, { topic: "t", partition: 1, offset: 3, note: "" }, "as a person set it");
  }));
