import { assertEquals } from "@std/assert";
import { changesBetween } from "../../console/state/changes.ts";
import type { LiveState, TaskState } from "../../console/api/contract.ts";
import sales from "../../topologies/sales.ts";
import { plannedOf } from "./mock_plan.ts";
import { newStanding } from "./mock_standing.ts";
import { stateAt } from "./mock_state.ts";

const NOW = stateAt(2_000_000, { standing: newStanding(2_000_000), planned: [plannedOf(sales)] });

function sentences(before: LiveState, now: LiveState): string[] {
  return changesBetween(before, now).map(({ topology, sentence }) => `${topology}: ${sentence}`);
}

function withTasks(change: (task: TaskState) => TaskState[]): LiveState {
  const [topology] = NOW.topologies;
  return { ...NOW, topologies: [{ ...topology, tasks: topology.tasks.flatMap(change) }] };
}

Deno.test("changesBetween() tells nothing where nothing happened", () => {
  assertEquals(sentences(NOW, { ...NOW, at: NOW.at + 1_000 }), []);
});

Deno.test("changesBetween() tells tasks that moved, stopped, and are gone", () => {
  const moved = withTasks((task) => [task.id.startsWith("orders-") ? { ...task, instance: "b:1" } : task]);
  assertEquals(sentences(NOW, moved), [
    "sales: orders-0, orders-1, orders-2, orders-3 and 2 other tasks moved from 127.0.0.1:8686 to b:1.",
  ]);
  const stopped = withTasks((task) => [task.id === "orders-2" ? { ...task, state: "restoring" } : task]);
  assertEquals(sentences(NOW, stopped), ["sales: orders-2 no longer run, but are restoring."]);
  assertEquals(sentences(stopped, NOW), [], "that it runs again is as it should be");
  const gone = withTasks((task) => task.id === "orders-5" ? [] : [task]);
  assertEquals(sentences(NOW, gone), ["sales: orders-5 are with no instance that tells of them."]);
});

Deno.test("changesBetween() tells problems as they come and go, which are the reasons", () => {
  const bad: LiveState = {
    ...NOW,
    topologies: [{ ...NOW.topologies[0], state: "waiting", problems: ["Topic orders is missing"] }],
  };
  assertEquals(sentences(NOW, bad), [
    "sales: It is waiting, and was running.",
    "sales: Problem: Topic orders is missing",
  ]);
  assertEquals(sentences(bad, NOW), ["sales: It is running, and was waiting.", "sales: Over: Topic orders is missing"]);
});

Deno.test("changesBetween() tells instances, and a process that has begun anew", () => {
  const other = { instance: "b:1", here: false, problem: null, tasks: 3, deadLetters: 0, uptimeMs: 1, memory: null };
  const two = { ...NOW, instances: [...NOW.instances, other] };
  assertEquals(sentences(NOW, two), ["null: Instance b:1 has come."]);
  assertEquals(sentences(two, NOW), ["null: Instance b:1 has gone."]);
  const lost = { ...NOW, instances: [...NOW.instances, { ...other, problem: "no route" }] };
  assertEquals(sentences(two, lost), ["null: Instance b:1 cannot be asked: no route"]);
  const anew = { ...moved(), status: { ...NOW.status, uptimeMs: 2_000, startedAt: NOW.status.startedAt + 1 } };
  assertEquals(sentences(NOW, anew), ["null: The process has begun anew, 2 s ago."]);
  // Nobody could reach it for longer than the one before had been there.
  const young = { ...NOW, status: { ...NOW.status, uptimeMs: 1_000 } };
  assertEquals(sentences(young, anew), ["null: The process has begun anew, 2 s ago."]);
});

function moved(): LiveState {
  return withTasks((task) => [{ ...task, state: "restoring" }]);
}
