import { DeleteGuard } from "../../src/runtime/lifecycle/delete_guard.ts";
import { Housekeeping } from "../../src/runtime/lifecycle/housekeeping.ts";
import { Intake } from "../../src/runtime/lifecycle/intake.ts";
import { TaskHost } from "../../src/runtime/lifecycle/task_host.ts";
import { Problems } from "../../src/runtime/problems.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { Task } from "../../src/runtime/task/task.ts";
import { AskedRights } from "../../src/state/right_store.ts";
import type { Mutant } from "./mutant.ts";
import { both, getter, method } from "./mutate.ts";

/** Deliberate bugs of how tasks begin, end and are watched. */
export const LIFECYCLE_MUTANTS: readonly Mutant[] = [
  {
    name: "stalefetch",
    rule: "what was fetched for a task that is no more never reaches its successor",
    options: { run: { sinkRowsMax: 0 }, calm: true },
    apply: both(
      method(Intake, "forget", () => function () {}),
      method(TaskHost, "take", (original) =>
        function (fetched, sourceMs) {
          const isInbox = fetched.topic === this.inboxTopic;
          const fromOffset = isInbox ? this.inboxPosition : this.positions[this.topics.indexOf(fetched.topic)];
          return original.call(this, { ...fetched, fromOffset }, sourceMs);
        }),
    ),
  },
  {
    name: "keptentries",
    rule: "a delete of a key that is not there leaves nothing",
    apply: method(Task, "setRow", (original) =>
      function (member, key, row) {
        this.entryOf(key);
        return original.call(this, member, key, row);
      }),
  },
  {
    name: "keptrights",
    rule: "a right row that is not there goes with its last user",
    apply: method(AskedRights, "unused", () => function () {}),
  },
  {
    name: "guardpertask",
    rule: "the guard against mass deletes counts a sink's rows over all tasks that start",
    apply: method(DeleteGuard, "siblings", () => () => []),
  },
  {
    name: "nobackoff",
    rule: "the pause before a restart grows until the task has run steadily",
    apply: method(TaskHost, "drop", (original) =>
      function (reader) {
        original.call(this, reader);
        this.restarts = 0;
      }),
  },
  {
    name: "quietrestart",
    rule: "a task that restarts is a problem",
    apply: method(Problems, "set", (original) =>
      function (name, problem) {
        if (!name.startsWith("task ")) original.call(this, name, problem);
      }),
  },
  {
    name: "repairblocks",
    rule: "gauges are set while a comparison waits",
    apply: both(
      method(Housekeeping, "repair", (original) =>
        async function (nowMs) {
          this.comparing = true;
          await original.call(this, nowMs);
          this.comparing = false;
        }),
      method(Housekeeping, "report", (original) =>
        function (nowMs) {
          if (!this.comparing) original.call(this, nowMs);
        }),
    ),
  },
  {
    name: "readytasks",
    rule: "a process that was given no task is ready",
    apply: getter(Runner, "ready", function () {
      const { tasks } = this.status();
      return tasks.length > 0 && tasks.every(({ state }: { state: string }) => state === "running");
    }),
  },
  {
    name: "lostinbox",
    rule: "only an epoch beyond the inbox's end proves that the inbox was lost",
    options: { log: { noEnd: true } },
    seedsMax: 1500,
  },
];
