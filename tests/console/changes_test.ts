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

Deno.test("changesBetween() tells tasks that are with nobody, and not what instances tell themselves", () => {
  const moved = withTasks((task) => [task.id.startsWith("orders-") ? { ...task, instance: "b:1" } : task]);
  assertEquals(sentences(NOW, moved), []);
  const gone = withTasks((task) => task.id === "orders-5" ? [] : [task]);
  assertEquals(sentences(NOW, gone), ["sales: orders-5 are with no instance that tells of them."]);
  const many = withTasks((task) => task.id.startsWith("orders-") ? [] : [task]);
  assertEquals(sentences(NOW, many), [
    "sales: orders-0, orders-1, orders-2, orders-3 and 2 other tasks are with no instance that tells of them.",
  ]);
});

Deno.test("changesBetween() tells instances, and nothing of a process that has begun anew, which tells itself", () => {
  const other = { instance: "b:1", here: false, problem: null, tasks: 3, deadLetters: 0, uptimeMs: 1, memory: null };
  const two = { ...NOW, instances: [...NOW.instances, other] };
  assertEquals(sentences(NOW, two), ["null: Instance b:1 has come."]);
  assertEquals(sentences(two, NOW), ["null: Instance b:1 has gone."]);
  const lost = { ...NOW, instances: [...NOW.instances, { ...other, problem: "no route" }] };
  assertEquals(sentences(two, lost), ["null: Instance b:1 cannot be asked: no route"]);
  const anew = { ...withTasks(() => []), status: { ...NOW.status, startedAt: NOW.status.startedAt + 1 } };
  assertEquals(sentences(NOW, anew), []);
});
